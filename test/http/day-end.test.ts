import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  checkInAnswer,
  patientSchema,
  queueAnswer,
  queueSchema,
  visitAnswer,
} from '../../apps/waiting-room/api/schemas.ts';
import { siteSchema } from '../../apps/waiting-room/api/site-routes.ts';
import { WaitingRoomProcesses } from '../support/waiting-room-processes.ts';

/** The end of a day, a night and a morning, as the timers go through them. Each test goes on where the one before stopped. */
const clock = { now: Date.now() };
let clinic: WaitingRoomProcesses;
beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start({ now: () => clock.now });
});
afterAll(() => clinic.stop());

const minute = 60_000;
const arrive = (queueId: string) =>
  clinic.answer(checkInAnswer, '/api/waiting-room/check-in', {
    body: { queueId, patientName: 'Ana Diaz', consultationType: 'General' },
  });
const call = (queueId: string, roomId: string) =>
  clinic.answer(visitAnswer, '/api/waiting-room/call-next', { body: { queueId, roomId } });
const step = (path: string, visitId: string) =>
  clinic.answer(visitAnswer, `/api/waiting-room/${path}`, { body: { visitId } });
const visitAnswerSchema = Type.Object({
  visit: patientSchema,
  timeline: Type.Array(Type.Object({ type: Type.String(), by: Type.String() })),
});
const visit = (visitId: string) => clinic.answer(visitAnswerSchema, `/api/waiting-room/visits/${visitId}`);
const stateOf = async (queueId: string) => {
  const queues = await clinic.answer(Type.Array(queueSchema), '/api/waiting-room/queues');
  return queues.find((queue) => queue.queueId === queueId)?.state;
};
const site = async () => {
  const { sites } = await clinic.answer(Type.Object({ sites: Type.Array(siteSchema) }), '/api/waiting-room/sites');
  return sites.find(({ siteId }) => siteId === 'main') ?? expect.fail();
};
const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 50 });

describe('a patient who is called and does not come', () => {
  test('is marked absent when the time is up, by the timer, and waits again', async () => {
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/late', {
      method: 'PUT',
      body: { callTimeoutMinutes: 5 },
    });
    const { visitId } = await arrive('late');
    await call('late', 'late-room');
    clock.now = Date.now() + 6 * minute;
    await eventually(async () =>
      expect((await visit(visitId)).visit).toMatchObject({ status: 'WAITING', absences: 1 }),
    );
    const { timeline } = await visit(visitId);
    expect(timeline.at(-1)).toMatchObject({ type: 'PatientAbsentAtConsultation', by: 'timers call-timeout' });
  });
});

describe('a pause with an end', () => {
  test('ends by itself', async () => {
    const until = new Date(clock.now + 30 * minute).toISOString();
    const body = { state: 'PAUSED', reason: 'Lunch.', until };
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/lunch/state', { body });
    await eventually(async () => expect(await stateOf('lunch')).toBe('PAUSED'));
    clock.now += 31 * minute;
    await eventually(async () => expect(await stateOf('lunch')).toBe('OPEN'));
  });

  test('has to end in the future, and only a pause has one', async () => {
    const path = '/api/waiting-room/queues/lunch/state';
    const until = new Date(Date.now() - minute).toISOString();
    expect(await clinic.refusal(path, { body: { state: 'PAUSED', until } })).toBe('REQUEST_INVALID');
    const later = new Date(Date.now() + minute).toISOString();
    expect(await clinic.refusal(path, { body: { state: 'CLOSED', until: later } })).toBe('REQUEST_INVALID');
  });
});

describe('the end of a day', () => {
  const visits = { waits: '', called: '', treated: '' };

  test('closes the queues, ends who was not called, and leaves who is in a room', async () => {
    // Queues without settings belong to the site as well.
    visits.treated = (await arrive('evening')).visitId;
    visits.called = (await arrive('evening')).visitId;
    visits.waits = (await arrive('evening')).visitId;
    await call('evening', 'e-1');
    await call('evening', 'e-2');
    await step('start-consultation', visits.treated);
    const hours = { siteName: 'Main building', timeZone: 'Europe/Madrid', closesAt: '20:00', opensAt: '07:30' };
    await clinic.ask('/api/waiting-room/sites/main', { method: 'PUT', body: hours });
    await eventually(async () => expect((await site()).nextCloseAt).not.toBeNull());
    clock.now = Date.parse((await site()).nextCloseAt ?? '') + 1000;
    await eventually(async () => expect((await visit(visits.waits)).visit.status).toBe('LEFT'));
    expect(await stateOf('evening')).toBe('CLOSED');
    expect((await visit(visits.called)).visit.status).toBe('CALLED');
    expect((await visit(visits.treated)).visit.status).toBe('IN_CONSULTATION');
    const { timeline } = await visit(visits.waits);
    expect(timeline.at(-1)).toMatchObject({ type: 'VisitEndedAtClosing', by: 'timers visits-at-closing' });
    const body = { queueId: 'evening', patientName: 'Lee Park', consultationType: 'General' };
    expect(await clinic.refusal('/api/waiting-room/check-in', { body })).toBe('QUEUE_CLOSED');
    expect(await clinic.refusal('/api/waiting-room/check-in', { body, process: 1 })).toBe('QUEUE_CLOSED');
  });

  test('lets a consultation end as any other', async () => {
    expect((await step('complete-attention', visits.treated)).status).toBe('COMPLETED');
  });

  test('is over in the morning, for what the day had closed and for nothing else', async () => {
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/lunch/state', { body: { state: 'OPEN' } });
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/lunch/state', { body: { state: 'CLOSED' } });
    // The hour is at most a day away, and the next closing is later.
    clock.now += 13 * 60 * minute;
    await eventually(async () => expect(await stateOf('evening')).toBe('OPEN'));
    expect(await stateOf('lunch')).toBe('CLOSED');
  });
});
