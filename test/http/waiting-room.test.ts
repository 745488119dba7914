import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkInAnswer,
  patientSchema,
  queueAnswer,
  queueSchema,
  roomSchema,
  visitAnswer,
} from '../../apps/waiting-room/api/schemas.ts';
import { problemSchema } from '../../src/server/index.ts';
import { WaitingRoomProcesses, type Ask } from '../support/waiting-room-processes.ts';

let room: WaitingRoomProcesses;
beforeAll(async () => {
  room = await WaitingRoomProcesses.start();
});
afterAll(() => room.stop());

const monitorSchema = Type.Object({ ...queueSchema.properties, patients: Type.Array(patientSchema) });
const eventsSchema = Type.Object({
  count: Type.Integer(),
  events: Type.Array(Type.Object({ type: Type.String(), tags: Type.Array(Type.String()) })),
});

const ask = (path: string, question: Ask = {}) => room.ask(path, question);
const answer = <Schema extends TSchema>(schema: Schema, path: string, question: Ask = {}): Promise<Static<Schema>> =>
  room.answer(schema, path, question);

async function refusal(path: string, question: Ask): Promise<{ status: number; code: string }> {
  const { status, json } = await ask(path, question);
  return { status, code: Value.Parse(problemSchema, json).code };
}

const checkIn = '/api/waiting-room/check-in';
const callNext = '/api/waiting-room/call-next';
const patient = (queueId: string, more: object = {}) => ({
  queueId,
  patientName: 'John Doe',
  consultationType: 'Cardiology',
  ...more,
});
const arrive = (queueId: string, more: object = {}, process: 0 | 1 = 0) =>
  answer(checkInAnswer, checkIn, { body: patient(queueId, more), process });
const next = (queueId: string, roomId: string, process: 0 | 1 = 0) =>
  answer(visitAnswer, callNext, { body: { queueId, roomId }, process });
const monitor = (queueId: string, minPosition: number, process: 0 | 1 = 0) =>
  answer(monitorSchema, `/api/v1/waiting-room/${queueId}/monitor?minPosition=${minPosition}`, { process });

describe('a check-in', () => {
  test('S472–S479, S482: shows up in events and monitor as it was sent', async () => {
    const body = {
      queueId: 'queue-1',
      patientId: 'patient-1',
      patientName: 'John Doe',
      priority: 'HIGH',
      consultationType: 'Cardiology',
    };
    const visit = await answer(checkInAnswer, checkIn, { body });
    expect(visit).toMatchObject({ queueId: 'queue-1', patientId: 'patient-1', priority: 'High', status: 'WAITING' });

    const events = await answer(eventsSchema, '/api/events/queue-1');
    expect(events).toMatchObject({ count: 1, events: [{ type: 'PatientCheckedIn' }] });
    expect(JSON.stringify(events.events[0]?.tags)).not.toContain('patient-1');
    expect(await answer(eventsSchema, `/api/events/${visit.visitId}`)).toMatchObject({ count: 1 });

    const all = await answer(
      Type.Object({ waiting: Type.Integer(), queues: Type.Array(monitorSchema) }),
      `/api/waiting-room/monitor?minPosition=${visit.position}`,
    );
    expect(all.queues.find(({ queueId }) => queueId === 'queue-1')).toMatchObject({
      queueName: 'queue-1',
      maxCapacity: null,
      currentPatientCount: 1,
      byPriority: { urgent: 0, high: 1, medium: 0, low: 0 },
      patients: [{ visitId: visit.visitId, patientId: 'patient-1', patientName: 'John Doe', positionInQueue: 1 }],
    });
  });

  test('stands in the view that the seed documents name', async () => {
    const visit = await arrive('view', { patientId: 'patient-7', priority: 'low' });
    const rows = await room.system.readModels.query(
      `select queue_id, patient_id, patient_name, priority, consultation_type, position_in_queue, status,
              updated_by_event_version::integer, notes, checked_out_at from waiting_patients_view where queue_id = $1`,
      ['view'],
      { minPosition: visit.position },
    );
    expect(rows).toEqual([
      {
        queue_id: 'view',
        patient_id: 'patient-7',
        patient_name: 'John Doe',
        priority: 'Low',
        consultation_type: 'Cardiology',
        position_in_queue: 1,
        status: 'WAITING',
        updated_by_event_version: 1,
        notes: null,
        checked_out_at: null,
      },
    ]);
    const [queue] = await room.system.readModels.query(
      `select queue_name, max_capacity, current_patient_count::integer, updated_by_event_version::integer, created_at
       from waiting_queue_view where queue_id = $1`,
      ['view'],
    );
    expect(queue).toEqual({
      queue_name: 'view',
      max_capacity: null,
      current_patient_count: 1,
      updated_by_event_version: 1,
      created_at: new Date(visit.arrivedAt),
    });
  });

  test('of a patient who waits already is refused, in any process and any letter case', async () => {
    await arrive('twice', { patientId: 'p-1' });
    const body = patient('twice', { patientId: 'P-1' });
    for (const process of [0, 1] as const) {
      expect(await refusal(checkIn, { body, process })).toEqual({ status: 409, code: 'PATIENT_ALREADY_WAITING' });
    }
  });

  test('with the same key is the same check-in', async () => {
    const question = { body: patient('keyed'), key: 'once' };
    const [once, again] = [await ask(checkIn, question), await ask(checkIn, question)];
    expect(again.json).toEqual(once.json);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test.each([
    ['an unknown field', { color: 'red' }],
    ['an unknown priority', { priority: 'soon' }],
    ['a patient id with a space', { patientId: 'a b' }],
    ['a blank name', { patientName: ' ' }],
    ['a type of one letter', { consultationType: 'x' }],
  ])('with %s is refused as invalid', async (_, more) => {
    expect((await refusal(checkIn, { body: patient('invalid', more) })).status).toBe(400);
  });
});

describe('a queue with a limit', () => {
  test('lets in as many as may wait, however many come at once through two processes', async () => {
    await answer(queueAnswer, '/api/waiting-room/queues/small', {
      method: 'PUT',
      body: { queueName: 'Small', maxCapacity: 5 },
    });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        ask(checkIn, { body: patient('small', { patientId: `p-${n}` }), process: n % 2 === 0 ? 0 : 1 }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(35);
  });

  test('is limited from the moment the limit is set, also for a process that has not heard of it', async () => {
    await arrive('surprise', {}, 1);
    await answer(queueAnswer, '/api/waiting-room/queues/surprise', { method: 'PUT', body: { maxCapacity: 1 } });
    expect(await refusal(checkIn, { body: patient('surprise'), process: 1 })).toEqual({
      status: 409,
      code: 'QUEUE_CAPACITY_REACHED',
    });
  });
});

describe('call next', () => {
  test('S410: takes the most urgent, then who came first', async () => {
    const low = await arrive('order', { priority: 'low' });
    const early = await arrive('order', { priority: 'high' });
    const late = await arrive('order', { priority: 'high' });
    const urgent = await arrive('order', { priority: 'urgent' });
    const called = [];
    for (const room of ['o-1', 'o-2', 'o-3', 'o-4']) called.push((await next('order', room)).visitId);
    expect(called).toEqual([urgent, early, late, low].map(({ visitId }) => visitId));
  });

  test('gives every room another patient when all press at once in two processes', async () => {
    let position = 0;
    for (let n = 0; n < 12; n++) ({ position } = await arrive('race'));
    await Promise.all([monitor('race', position), monitor('race', position, 1)]);
    const calls = await Promise.all(
      Array.from({ length: 12 }, (_, n) => next('race', `race-${n}`, n % 2 === 0 ? 0 : 1)),
    );
    expect(new Set(calls.map(({ visitId }) => visitId)).size).toBe(12);
  });

  test('leaves a room alone that holds a patient, and finds it free afterwards', async () => {
    await arrive('one-room');
    await arrive('one-room');
    const { visitId } = await next('one-room', 'The-Room');
    for (const process of [0, 1] as const) {
      const body = { queueId: 'one-room', roomId: 'the-room' };
      expect(await refusal(callNext, { body, process })).toMatchObject({ status: 409, code: 'ROOM_OCCUPIED' });
    }
    await answer(visitAnswer, '/api/waiting-room/start-consultation', { body: { visitId } });
    await answer(visitAnswer, '/api/waiting-room/complete-attention', { body: { visitId }, process: 1 });
    const { position } = await next('one-room', 'the-room', 1);
    const rooms = await answer(Type.Array(roomSchema), `/api/waiting-room/rooms?minPosition=${position}`);
    expect(rooms.filter(({ roomId }) => roomId.toLowerCase() === 'the-room')).toMatchObject([
      { occupied: true, status: 'CALLED' },
    ]);
  });

  test('pressed twice with the same key calls one patient, also when nobody else waits', async () => {
    await arrive('double');
    const question = { body: { queueId: 'double', roomId: 'double-1' }, key: 'tap' };
    const [once, again] = [await ask(callNext, question), await ask(callNext, question)];
    expect(once.status).toBe(200);
    expect(again.json).toEqual(once.json);
  });

  test.each([{}, { key: 'nobody' }, { key: 'nobody' }])(
    'of an empty queue is refused, with a key or without',
    async (more) => {
      const question = { body: { queueId: 'nobody', roomId: 'n-1' }, ...more };
      expect(await refusal(callNext, question)).toEqual({ status: 409, code: 'QUEUE_EMPTY' });
    },
  );
});

describe('a visit', () => {
  test('is counted where it stands', async () => {
    const absent = await arrive('counts');
    const gone = await arrive('counts');
    await answer(visitAnswer, '/api/waiting-room/call-patient', { body: { visitId: absent.visitId, roomId: 'c-1' } });
    await answer(visitAnswer, '/api/waiting-room/no-show', { body: { visitId: absent.visitId } });
    const { position } = await answer(visitAnswer, '/api/waiting-room/cancel', {
      body: { visitId: gone.visitId, reason: 'Left.' },
    });
    expect(await monitor('counts', position)).toMatchObject({
      currentPatientCount: 0,
      byStatus: { waiting: 0, noShow: 1, cancelled: 1 },
      patients: [],
    });
    const cancelled = await answer(
      Type.Array(patientSchema),
      '/api/waiting-room/queues/counts/patients?status=CANCELLED',
    );
    expect(cancelled).toMatchObject([{ visitId: gone.visitId, positionInQueue: null }]);
  });

  test('that nobody knows is not found', async () => {
    const visitId = 'visit-00000000-0000-7000-8000-000000000000';
    expect(await refusal('/api/waiting-room/cancel', { body: { visitId, reason: 'Left.' } })).toEqual({
      status: 404,
      code: 'VISIT_NOT_FOUND',
    });
  });
});
