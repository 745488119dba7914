import { describe, expect, test } from 'vitest';
import { emptyClinic, type Clinic } from './clinic.ts';
import type { QueueRow, VisitRow } from './rows.ts';
import { sampleQueue, sampleVisit } from './sample-rows.ts';
import { found, lookAlikes, queuesOf, refusalOfCheckIn, visitAtDesk, visitInRoom, visitsWith } from './selections.ts';
import { queuesToCallFrom, refusalOfCall } from './serving.ts';
import { refusalOfAttempt, refusalOfGivingUp } from './steps.ts';

const queue = (queueId: string, given: Partial<QueueRow> = {}): QueueRow => ({
  ...sampleQueue,
  queueId,
  name: queueId,
  ...given,
});
const visit = (visitId: string, given: Partial<VisitRow> = {}): VisitRow => ({ ...sampleVisit, visitId, ...given });
const clinicOf = (queues: readonly QueueRow[], visits: readonly VisitRow[]): Clinic => ({
  ...emptyClinic,
  queues: new Map(queues.map((row) => [row.queueId, row])),
  visits: new Map(visits.map((row) => [row.visitId, row])),
});

describe('what a screen shows', () => {
  test('a site has its own queues, in the order in which people count', () => {
    const clinic = clinicOf([queue('q10'), queue('q2'), queue('other', { siteId: 'north' })], []);
    expect(queuesOf(clinic, 'main').map(({ queueId }) => queueId)).toEqual(['q2', 'q10']);
  });

  test('a line is in the order of calling', () => {
    const clinic = clinicOf(
      [],
      [visit('b', { callOrder: 2 }), visit('a', { callOrder: 1 }), visit('c', { queueId: 'x' })],
    );
    expect(visitsWith(clinic, new Set(['queue-1']), ['WAITING']).map(({ visitId }) => visitId)).toEqual(['a', 'b']);
  });

  test('a room and a desk are the same in any letter case', () => {
    const clinic = clinicOf(
      [],
      [visit('a', { status: 'CALLED', roomId: 'B-7' }), visit('b', { status: 'PAYMENT_PENDING', deskId: 'Front' })],
    );
    expect(visitInRoom(clinic, 'b-7')?.visitId).toBe('a');
    expect(visitAtDesk(clinic, 'FRONT')?.visitId).toBe('b');
    expect(visitInRoom(clinic, 'b')).toBeUndefined();
  });

  test('who searches needs neither accents nor capitals, and finds by ticket, name or id', () => {
    const all = [visit('a', { name: 'Ana Díaz', ticket: 'GEN-007' }), visit('b', { name: 'Lee', patientId: 'P-55' })];
    expect(found(all, 'diaz ana').map(({ visitId }) => visitId)).toEqual(['a']);
    expect(found(all, 'gen-007')).toHaveLength(1);
    expect(found(all, 'p-55')).toHaveLength(1);
    expect(found(all, '  ')).toHaveLength(2);
    expect(found(all, 'nobody')).toEqual([]);
  });

  test('somebody with the same name or the same id looks alike', () => {
    const clinic = clinicOf([], [visit('a', { name: 'Ana  Díaz', patientId: 'P-1' }), visit('b', { name: 'Lee' })]);
    const alike = (patientName: string, patientId: string) =>
      lookAlikes(clinic, { patientName, patientId }).map(({ visitId }) => visitId);
    expect(alike(' ana diaz ', '')).toEqual(['a']);
    expect(alike('', 'p-1')).toEqual(['a', 'b']);
    expect(alike('', '')).toEqual([]);
  });
});

describe('what is not possible now', () => {
  test('a queue that is paused, closed or full says which of it', () => {
    expect(refusalOfCheckIn(queue('a'))).toBeUndefined();
    expect(refusalOfCheckIn(queue('a', { state: 'PAUSED' }))).toBe('QUEUE_PAUSED');
    expect(refusalOfCheckIn(queue('a', { state: 'CLOSED' }))).toBe('QUEUE_CLOSED');
    expect(refusalOfCheckIn(queue('a', { maxCapacity: 2, waitingAll: 1 }))).toBeUndefined();
    expect(refusalOfCheckIn(queue('a', { maxCapacity: 2, waitingAll: 2 }))).toBe('QUEUE_CAPACITY_REACHED');
  });

  test('a visit is given up for payment after the last attempt, and there is no attempt after it', () => {
    expect(refusalOfGivingUp('PAYMENT_PENDING', 2)).toBe('PAYMENT_ATTEMPTS_LEFT');
    expect(refusalOfGivingUp('PAYMENT_PENDING', 3)).toBeUndefined();
    expect(refusalOfAttempt('PAYMENT_PENDING', 2)).toBeUndefined();
    expect(refusalOfAttempt('PAYMENT_PENDING', 3)).toBe('PAYMENT_ATTEMPTS_EXHAUSTED');
    expect(refusalOfAttempt('WAITING', 0)).toBe('VISIT_NOT_AT_CASHIER');
  });
});

describe('a call across several queues', () => {
  const queues = [queue('a'), queue('b'), queue('c', { state: 'PAUSED' }), queue('d', { state: 'CLOSED' })];
  const waiting = [
    visit('1', { queueId: 'a', callOrder: 5 }),
    visit('2', { queueId: 'b', callOrder: 3 }),
    visit('3', { queueId: 'b', callOrder: 9 }),
    visit('4', { queueId: 'c', callOrder: 1 }),
    visit('5', { queueId: 'd', callOrder: 4 }),
  ];

  test('takes the most urgent of all first, never from a paused queue, and to the end from a closed one', () => {
    expect(queuesToCallFrom(queues, waiting)).toEqual(['b', 'd', 'a']);
  });

  test('says why nobody can be called', () => {
    expect(refusalOfCall(queues, waiting)).toBeUndefined();
    expect(refusalOfCall(queues, waiting.slice(3, 4))).toBe('QUEUE_PAUSED');
    expect(refusalOfCall(queues, [])).toBe('QUEUE_EMPTY');
  });
});
