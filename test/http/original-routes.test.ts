import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkInAnswer, visitAnswer } from '../../apps/waiting-room/api/schemas.ts';
import { WaitingRoomProcesses, type Ask } from '../support/waiting-room-processes.ts';

/**
 * The names under which clients of the older waiting room ask: each answers the same as the read models say, and the
 * public one nothing about anybody.
 */
let room: WaitingRoomProcesses;
beforeAll(async () => {
  room = await WaitingRoomProcesses.start();
});
afterAll(() => room.stop());

const anything = Type.Object({});
const get = (path: string) => room.answer(anything, path) as Promise<Record<string, unknown>>;
const refused = (path: string, question: Ask = {}) => room.refusal(path, question);

const arrive = (queueId: string, more: object = {}) =>
  room.answer(checkInAnswer, '/api/waiting-room/check-in', {
    body: { queueId, patientName: 'Jane Secret', consultationType: 'Oncology', ...more },
  });
const step = (path: string, body: object) => room.answer(visitAnswer, `/api/waiting-room/${path}`, { body });

test('a dashboard of a clinic that has seen nobody counts nobody', async () => {
  expect(await get('/api/v1/operations/dashboard')).toMatchObject({
    currentWaiting: 0,
    averageWaitMs: null,
    totalToday: 0,
    queues: [],
    byStatus: {},
  });
});

describe('of one queue', () => {
  test('queue-state tells how full it is', async () => {
    await room.answer(anything, '/api/waiting-room/queues/full', { method: 'PUT', body: { maxCapacity: 2 } });
    await arrive('full');
    const { position } = await arrive('full');
    expect(await get(`/api/v1/waiting-room/full/queue-state?minPosition=${position}`)).toMatchObject({
      queueId: 'full',
      currentCount: 2,
      maxCapacity: 2,
      availableSpots: 0,
      occupancyPercent: 100,
      isAtCapacity: true,
      patientsInQueue: [{ positionInQueue: 1 }, { positionInQueue: 2 }],
    });
  });

  test('next-turn names who is next and who is called', async () => {
    const low = await arrive('turns', { priority: 'Low' });
    const high = await arrive('turns', { priority: 'High' });
    const { position } = await step('call-next', { queueId: 'turns', roomId: 'turns-1' });
    expect(await get(`/api/v1/waiting-room/turns/next-turn?minPosition=${position}`)).toMatchObject({
      next: { visitId: low.visitId },
      called: [{ visitId: high.visitId, status: 'CALLED', roomId: 'turns-1' }],
    });
  });

  test('recent-history lists who was seen, the last first', async () => {
    const seen: string[] = [];
    let last = 0;
    for (let n = 0; n < 3; n++) {
      const { visitId } = await arrive('seen');
      await step('call-next', { queueId: 'seen', roomId: 'seen-1' });
      ({ position: last } = await step('complete-attention', { visitId }));
      seen.unshift(visitId);
    }
    const { visits } = await get(`/api/v1/waiting-room/seen/recent-history?limit=2&minPosition=${last}`);
    expect(visits).toMatchObject(seen.slice(0, 2).map((visitId) => ({ visitId, status: 'COMPLETED' })));
  });

  test('public-display shows tickets and where to go, and nothing about anybody', async () => {
    const first = await arrive('shown', { patientId: 'SECRET-1', priority: 'High' });
    const second = await arrive('shown', { patientId: 'SECRET-2', priority: 'Low', notes: 'Secret note' });
    const { position } = await step('call-next', { queueId: 'shown', roomId: 'shown-1' });
    const shown = await get(`/api/v1/waiting-room/shown/public-display?minPosition=${position}`);
    const { generatedAt } = shown;
    // Nothing besides: another field would be another thing that everybody in the room learns.
    expect(shown).toEqual({
      queueId: 'shown',
      generatedAt,
      currentTurn: first.ticket,
      upcomingTurns: [second.ticket],
      activeCalls: [{ turnNumber: first.ticket, destination: 'shown-1', status: 'Called' }],
    });
    expect(JSON.stringify(shown)).not.toMatch(/secret|oncology/i);
  });

  test.each(['queue-state', 'next-turn', 'recent-history', 'public-display'])(
    '%s of an unknown queue is refused',
    async (view) => {
      expect(await refused(`/api/v1/waiting-room/nowhere/${view}`)).toBe('QUEUE_NOT_FOUND');
    },
  );
});

test('the dashboard counts the day', async () => {
  const { visitId } = await arrive('day');
  await arrive('day');
  await step('call-next', { queueId: 'day', roomId: 'day-1' });
  const { position } = await step('complete-attention', { visitId });
  const day = await get(`/api/v1/operations/dashboard?minPosition=${position}`);
  const queues = day['queues'] as { queueId: string; waiting: number; totalToday: number }[];
  expect(queues.find(({ queueId }) => queueId === 'day')).toMatchObject({
    waiting: 1,
    totalToday: 2,
    completedToday: 1,
    byStatus: { waiting: 1, completed: 1 },
  });
  expect(day['totalToday']).toBe(queues.reduce((sum, { totalToday }) => sum + totalToday, 0));
  expect(day['currentWaiting']).toBe(queues.reduce((sum, { waiting }) => sum + waiting, 0));
  expect(day['activeRooms']).toBeGreaterThan(0);
  expect(day['projectionLagSeconds']).toBeTypeOf('number');
});

describe('an audit timeline', () => {
  test('S309, S378, S388, S407: holds what one request caused, and nothing that the events say', async () => {
    const { headers, json } = await room.ask('/api/waiting-room/check-in', {
      body: { queueId: 'audit', patientName: 'Jane Secret', consultationType: 'General' },
    });
    const id = headers.get('x-correlation-id') ?? '';
    const { visitId } = json as { visitId: string };
    const timeline = await get(`/api/v1/audit/timeline/${id}`);
    expect(timeline).toMatchObject({
      correlationId: id,
      count: 1,
      events: [{ type: 'PatientCheckedIn', aggregateId: visitId, version: 1 }],
    });
    expect(JSON.stringify(timeline)).not.toContain('Secret');
  });

  test('of an id that nothing came of is refused', async () => {
    expect(await refused('/api/v1/audit/timeline/nobody-sent-this')).toBe('AUDIT_TIMELINE_NOT_FOUND');
    expect(await refused('/api/v1/audit/timeline/01a21748-fad3-7000-b128-cce607a2bcde')).toBe(
      'AUDIT_TIMELINE_NOT_FOUND',
    );
  });
});

describe('patient trajectories', () => {
  test('are the visits of a patient, in one queue or in all, the newest first', async () => {
    const first = await arrive('way-1', { patientId: 'traveller' });
    await step('call-next', { queueId: 'way-1', roomId: 'way-room' });
    await step('start-consultation', { visitId: first.visitId });
    await step('complete-attention', { visitId: first.visitId });
    const second = await arrive('way-2', { patientId: 'Traveller' });
    // Whose queues are asked about, the read model says.
    await room.ask(`/api/waiting-room/queues?minPosition=${second.position}`);

    const { trajectories } = await get('/api/patient-trajectories?patientId=TRAVELLER');
    expect(trajectories).toMatchObject([
      { trajectoryId: second.visitId, queueId: 'way-2', state: 'active', closedAt: null },
      {
        trajectoryId: first.visitId,
        queueId: 'way-1',
        state: 'finished',
        stages: [
          { event: 'PatientCheckedIn', status: 'WAITING', roomId: null },
          { event: 'PatientCalled', status: 'CALLED', roomId: 'way-room' },
          { event: 'ConsultationStarted', status: 'IN_CONSULTATION' },
          { event: 'ConsultationCompleted', status: 'COMPLETED' },
        ],
      },
    ]);
    const one = await get('/api/patient-trajectories?patientId=traveller&queueId=way-1');
    expect(one['trajectories']).toHaveLength(1);
    expect(await get(`/api/patient-trajectories/${first.visitId}`)).toMatchObject({ state: 'finished' });
  });

  test('go on in the queue that the patient was sent to', async () => {
    const { visitId } = await arrive('from-here', { patientId: 'sent-on' });
    await step('transfer', { visitId, toQueueId: 'to-there' });
    expect(await get(`/api/patient-trajectories/${visitId}`)).toMatchObject({
      queueId: 'to-there',
      state: 'active',
      stages: [{ queueId: 'from-here' }, { queueId: 'to-there', event: 'PatientReceived' }],
    });
  });

  test('of an unknown visit are refused', async () => {
    expect(await refused('/api/patient-trajectories/visit-01a21748-fad3-7000-b128-cce607a2bcde')).toBe(
      'TRAJECTORY_NOT_FOUND',
    );
  });
});

test.each(['/api/patient-trajectories/rebuild', '/api/v1/waiting-room/audit/rebuild'])(
  '%s builds the read model anew, and with dryRun only tells how far it is',
  async (path) => {
    const dry = await room.ask(path, { body: { dryRun: true } });
    expect(dry.status).toBe(200);
    expect(dry.json).toHaveProperty('generation');
    const begun = await room.ask(path, { body: { reason: 'A test.' } });
    expect(begun.status).toBe(202);
    expect(begun.json).toMatchObject({ rebuilds: [{ projection: 'waiting-room' }] });
    await expect
      .poll(async () => (await room.ask(path, { body: { dryRun: true } })).json, { timeout: 20_000 })
      .toMatchObject({ rebuild: { state: 'done' } });
  },
);
