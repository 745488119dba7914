import { Type, type Static } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkInAnswer,
  deskSchema,
  patientSchema,
  queueAnswer,
  queueSchema,
  roomAnswer,
  roomSchema,
  visitAnswer,
} from '../../apps/waiting-room/api/schemas.ts';
import { WaitingRoomProcesses, type Ask } from '../support/waiting-room-processes.ts';

/**
 * A day at a queue that has triage and a cashier, from the morning to the evening, through two processes. Each test
 * goes on where the one before it stopped.
 */
let clinic: WaitingRoomProcesses;
beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start();
});
afterAll(() => clinic.stop());

const queueId = 'clinic';
const visits = new Map<string, Static<typeof checkInAnswer>>();
const monitorSchema = Type.Object({ ...queueSchema.properties, patients: Type.Array(patientSchema) });

/** The position of what was done last. */
let last = 0;

const visitOf = (name: string): string => visits.get(name)?.visitId ?? '';
const nameOf = (visitId: string): string => [...visits].find(([, visit]) => visit.visitId === visitId)?.[0] ?? 'nobody';

async function arrive(name: string, priority: string, path = '/api/waiting-room/check-in'): Promise<string> {
  const body = { queueId, patientId: name, patientName: `${name} Doe`, priority, consultationType: 'General' };
  const visit = await clinic.answer(checkInAnswer, path, { body });
  visits.set(name, visit);
  last = visit.position;
  return visit.status;
}

/** Takes a step with a visit, and says where it stands then. */
async function step(path: string, name: string, more: object = {}): Promise<string> {
  const body = { visitId: visitOf(name), ...more };
  const { status, position } = await clinic.answer(visitAnswer, `/api/${path}`, { body });
  last = position;
  return status;
}
const refused = (path: string, name: string, more: object = {}) =>
  clinic.refusal(`/api/${path}`, { body: { visitId: visitOf(name), ...more } });

/** Calls who is next, and says whom. */
async function call(path: string, body: object, more: Omit<Ask, 'body'> = {}): Promise<string> {
  const question = { body: { queueId, ...body }, ...more };
  const { visitId, position } = await clinic.answer(visitAnswer, `/api/${path}`, question);
  last = Math.max(last, position);
  return nameOf(visitId);
}
const setState = (state: string) =>
  clinic.answer(queueAnswer, `/api/waiting-room/queues/${queueId}/state`, { method: 'PUT', body: { state } });

describe('a day at the clinic', () => {
  test('begins with a queue that sends its patients to triage and to the cashier', async () => {
    const body = { queueName: 'Clinic', stages: { triage: true, cashier: true } };
    await clinic.answer(queueAnswer, `/api/waiting-room/queues/${queueId}`, { method: 'PUT', body });
    expect(await arrive('ana', 'Medium', '/api/reception/register')).toBe('WAITING_TRIAGE');
    for (const name of ['ben', 'cora', 'eva', 'finn']) expect(await arrive(name, 'Medium')).toBe('WAITING_TRIAGE');
    expect(await arrive('dan', 'Urgent')).toBe('WAITING_TRIAGE');
  });

  test('lets nobody past triage', async () => {
    const next = { body: { queueId, roomId: 'room-1' } };
    expect(await clinic.refusal('/api/medical/call-next', next)).toBe('QUEUE_EMPTY');
    expect(await refused('waiting-room/call-patient', 'ana', { roomId: 'room-1' })).toBe('VISIT_NOT_WAITING');
    expect(await refused('waiting-room/call-patient-to-desk', 'ana', { deskId: 'desk-1' })).toBe('VISIT_NOT_WAITING');
  });

  test('goes on from triage to the cashier, and for the urgent past it', async () => {
    const triage = (name: string, priority: string) => step('waiting-room/record-triage', name, { priority });
    expect(await triage('ana', 'high')).toBe('WAITING_CASHIER');
    for (const name of ['ben', 'eva', 'finn']) expect(await triage(name, 'low')).toBe('WAITING_CASHIER');
    for (const name of ['cora', 'dan']) expect(await triage(name, 'urgent')).toBe('WAITING');
    expect(await refused('waiting-room/record-triage', 'ana', { priority: 'low' })).toBe('VISIT_NOT_IN_TRIAGE');
  });

  test('gives two rooms that call at once two patients, and two desks as well', async () => {
    await clinic.ask(`/api/waiting-room/queues?minPosition=${last}`, { process: 1 });
    const rooms = [
      call('waiting-room/claim-next', { roomId: 'room-1' }),
      call('medical/call-next', { roomId: 'room-2' }, { process: 1 }),
    ];
    expect((await Promise.all(rooms)).toSorted()).toEqual(['cora', 'dan']);
    const desks = [
      call('cashier/call-next', { deskId: 'desk-1' }),
      call('waiting-room/call-next-to-desk', { deskId: 'desk-2' }, { process: 1 }),
    ];
    expect((await Promise.all(desks)).toSorted()).toEqual(['ana', 'ben']);
    expect(await clinic.refusal('/api/cashier/call-next', { body: { queueId, deskId: 'DESK-1' } })).toBe(
      'DESK_OCCUPIED',
    );
  });

  test('lets a payment fail three times and no more, and gives nobody up before', async () => {
    expect(await step('cashier/mark-payment-pending', 'ana')).toBe('PAYMENT_PENDING');
    expect(await step('cashier/validate-payment', 'ana')).toBe('WAITING');
    expect(await refused('cashier/validate-payment', 'ana')).toBe('VISIT_NOT_AT_CASHIER');
    expect(await refused('cashier/cancel-payment', 'ben')).toBe('PAYMENT_ATTEMPTS_LEFT');
    for (let attempt = 1; attempt <= 3; attempt++) await step('cashier/mark-payment-pending', 'ben');
    expect(await refused('cashier/mark-payment-pending', 'ben')).toBe('PAYMENT_ATTEMPTS_EXHAUSTED');
    expect(await step('cashier/cancel-payment', 'ben')).toBe('CANCELLED_BY_PAYMENT');
  });

  test('calls a patient who does not come to the desk twice more, and takes one back who is here after all', async () => {
    const toDesk = () => step('waiting-room/call-patient-to-desk', 'eva', { deskId: 'desk-1' });
    for (const status of ['WAITING_CASHIER', 'WAITING_CASHIER', 'CANCELLED_BY_ABSENCE']) {
      expect(await toDesk()).toBe('AT_CASHIER');
      expect(await step('cashier/mark-absent', 'eva')).toBe(status);
    }
    expect(await step('waiting-room/return', 'eva')).toBe('WAITING_CASHIER');
    expect(await step('waiting-room/waive-payment', 'eva', { reason: 'Insured.' })).toBe('WAITING');
    expect(await refused('waiting-room/waive-payment', 'eva', { reason: 'Again.' })).toBe('PAYMENT_NOT_DUE');
  });

  test('shuts a room only when nobody is in it', async () => {
    const [busy] = (await roomsOf('room-1', 'room-2')).filter(({ occupied }) => occupied);
    const inRoom = nameOf(busy?.visitId ?? '');
    const room = { roomId: busy?.roomId };
    const shut = '/api/medical/consulting-room/deactivate';
    expect(await clinic.refusal(shut, { body: room, process: 1 })).toBe('ROOM_OCCUPIED');
    expect(await step('medical/start-consultation', inRoom)).toBe('IN_CONSULTATION');
    expect(await step('medical/finish-consultation', inRoom)).toBe('COMPLETED');
    ({ position: last } = await clinic.answer(roomAnswer, shut, { body: room, process: 1 }));
    expect(await clinic.refusal('/api/medical/call-next', { body: { queueId, ...room } })).toBe('ROOM_INACTIVE');
    const [closed] = await roomsOf(busy?.roomId ?? '');
    expect(closed).toMatchObject({ active: false, occupied: false });
    await clinic.answer(roomAnswer, '/api/medical/consulting-room/activate', { body: room });
  });

  test('gives a patient who was called by mistake the old place, and one who did not come another', async () => {
    expect(await call('medical/call-next', { roomId: 'room-3' })).toBe('ana');
    expect(await step('waiting-room/undo-call', 'ana')).toBe('WAITING');
    expect(await call('medical/call-next', { roomId: 'room-3' })).toBe('ana');
    expect(await step('waiting-room/recall', 'ana')).toBe('CALLED');
    expect(await step('medical/mark-absent', 'ana')).toBe('WAITING');
    await step('waiting-room/call-patient', 'ana', { roomId: 'room-3' });
    expect(await step('medical/mark-absent', 'ana')).toBe('CANCELLED_BY_ABSENCE');
    expect(await step('waiting-room/return', 'ana')).toBe('WAITING');
  });

  test('sends a patient to another queue with the time of arrival, unless one is there already', async () => {
    const rooms = await roomsOf('room-1', 'room-2');
    const inRoom = nameOf(rooms.find(({ occupied }) => occupied)?.visitId ?? '');
    expect(await refused('waiting-room/transfer', inRoom, { toQueueId: queueId })).toBe('TRANSFER_TO_SAME_QUEUE');
    const body = { visitId: visitOf(inRoom), toQueueId: 'imaging' };
    const sent = { body, key: 'transfer' };
    const { position } = await clinic.answer(visitAnswer, '/api/waiting-room/transfer', sent);
    const again = await clinic.ask('/api/waiting-room/transfer', sent);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const path = `/api/waiting-room/queues/imaging/patients?minPosition=${position}`;
    const arrivedAt = visits.get(inRoom)?.arrivedAt;
    expect(await clinic.answer(Type.Array(patientSchema), path)).toMatchObject([
      { visitId: visitOf(inRoom), arrivedAt, status: 'WAITING', positionInQueue: 1 },
    ]);
    const twice = { queueId: 'imaging', patientId: inRoom, patientName: `${inRoom} Doe`, consultationType: 'X-ray' };
    expect(await clinic.refusal('/api/waiting-room/check-in', { body: twice, process: 1 })).toBe(
      'PATIENT_ALREADY_WAITING',
    );
  });

  test('parks who waits for a result, raises who feels worse, and lets go who leaves', async () => {
    expect(await step('waiting-room/park', 'eva')).toBe('PARKED');
    expect(await refused('waiting-room/call-patient', 'eva', { roomId: 'room-1' })).toBe('VISIT_NOT_WAITING');
    expect(await step('waiting-room/resume', 'eva')).toBe('WAITING');
    const worse = { priority: 'URGENT', reason: 'Faints.' };
    expect(await step('waiting-room/change-priority', 'eva', worse)).toBe('WAITING');
    expect(await call('medical/call-next', { roomId: 'room-1' })).toBe('eva');
    expect(await step('waiting-room/leave', 'finn')).toBe('LEFT');
    expect(await refused('waiting-room/leave', 'finn')).toBe('VISIT_NOT_LEAVING');
  });

  test('takes nobody in and calls nobody while the queue is paused, and serves who waits when it is closed', async () => {
    const newcomer = { queueId, patientName: 'Gus Doe', consultationType: 'General' };
    await setState('PAUSED');
    for (const process of [0, 1] as const) {
      const question = { body: newcomer, process };
      expect(await clinic.refusal('/api/waiting-room/check-in', question)).toBe('QUEUE_PAUSED');
    }
    const next = { body: { queueId, roomId: 'room-2' } };
    expect(await clinic.refusal('/api/medical/call-next', next)).toBe('QUEUE_PAUSED');
    await setState('OPEN');
    expect((await clinic.ask('/api/waiting-room/check-in', { body: newcomer, process: 1 })).status).toBe(201);
    await setState('CLOSED');
    expect(await clinic.refusal('/api/waiting-room/check-in', { body: newcomer })).toBe('QUEUE_CLOSED');
    expect(await call('medical/call-next', { roomId: 'room-2' })).toBe('ana');
  });

  test('ends with everybody counted where they stand', async () => {
    const { position } = await setState('PAUSED');
    const path = `/api/v1/waiting-room/${queueId}/monitor?minPosition=${position}`;
    expect(await clinic.answer(monitorSchema, path)).toMatchObject({
      state: 'PAUSED',
      stages: { triage: true, cashier: true },
      currentPatientCount: 1,
      byStatus: {
        waitingTriage: 1,
        waitingCashier: 0,
        atCashier: 0,
        paymentPending: 0,
        waiting: 0,
        called: 2,
        inConsultation: 0,
        parked: 0,
        completed: 1,
        cancelledByPayment: 1,
        cancelledByAbsence: 0,
        leftUnseen: 1,
      },
    });
    const line = `/api/waiting-room/queues/${queueId}/patients?status=WAITING_TRIAGE&minPosition=${position}`;
    expect(await clinic.answer(Type.Array(patientSchema), line)).toMatchObject([{ positionInQueue: 1 }]);
    const desks = await clinic.answer(Type.Array(deskSchema), `/api/waiting-room/desks?minPosition=${position}`);
    expect(desks.map(({ deskId, occupied }) => [deskId, occupied])).toEqual([
      ['desk-1', false],
      ['desk-2', false],
    ]);
  });
});

/** Those of the rooms that have called or were activated. */
async function roomsOf(...wanted: readonly string[]): Promise<readonly Static<typeof roomSchema>[]> {
  const rooms = await clinic.answer(Type.Array(roomSchema), `/api/waiting-room/rooms?minPosition=${last}`);
  return rooms.filter(({ roomId }) => wanted.includes(roomId));
}
