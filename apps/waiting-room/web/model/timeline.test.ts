import { expect, test } from 'vitest';
import { actorKindOf, stepsOf, totalsOf, type TimelineEntry } from './timeline.ts';

const entry = (at: number): TimelineEntry => ({ at, type: 'PatientCalled', by: 'demo:demo', details: {} });

test('each step says how long after the one before it came, and a clock that went back takes nothing away', () => {
  expect(stepsOf([entry(5), entry(65), entry(60)]).map(({ afterMs }) => afterMs)).toEqual([null, 60, 0]);
});

const became = (at: number, status?: string): TimelineEntry => ({
  ...entry(at),
  details: status === undefined ? {} : { status },
});

test('each part of a visit is added up, and what lasts is counted up to now', () => {
  const visit = [
    became(0, 'WAITING_CASHIER'),
    became(10, 'AT_CASHIER'),
    became(12, 'PAYMENT_PENDING'),
    became(15, 'WAITING'),
    became(20),
    became(40, 'CALLED'),
    became(42, 'WAITING'),
    became(50, 'CALLED'),
    became(51, 'IN_CONSULTATION'),
  ];
  expect(totalsOf(visit, 60)).toEqual([
    { part: 'cashier', ms: 10, open: false },
    { part: 'desk', ms: 5, open: false },
    { part: 'doctor', ms: 33, open: false },
    { part: 'called', ms: 3, open: false },
    { part: 'service', ms: 9, open: true },
  ]);
  const over = [...visit, became(70, 'COMPLETED')];
  expect(totalsOf(over, 1_000).at(-1)).toEqual({ part: 'service', ms: 19, open: false });
});

test('who was given up counts as away only when coming back', () => {
  const givenUp = [became(0, 'WAITING'), became(5, 'CALLED'), became(6, 'CANCELLED_BY_ABSENCE')];
  expect(totalsOf(givenUp, 100).map(({ part }) => part)).toEqual(['doctor', 'called']);
  expect(totalsOf([...givenUp, became(30, 'WAITING')], 40)).toContainEqual({ part: 'away', ms: 24, open: false });
});

test.each([
  ['timers waiting-room', 'clock'],
  ['demo:demo', 'demo'],
  ['account:4f', 'account'],
  ['api-key:1', 'api-key'],
  ['http', 'other'],
])('%s did it: %s', (by, kind) => {
  expect(actorKindOf(by)).toBe(kind);
});
