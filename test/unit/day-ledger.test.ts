import { expect, test } from 'vitest';
import { DayLedger, type LoggedEvent } from '../support/day-ledger.ts';

/** The ledger that the stories of a busy day are checked against finds what it is there to find. */

let position = 0;
const event = (type: string, visit: string, data: object = {}): LoggedEvent => ({
  position: (position += 1),
  type,
  aggregateId: `visit-${visit}`,
  data,
});
const arrives = (visit: string, { priority = 'Medium', at = visit } = {}) =>
  event('PatientCheckedIn', visit, {
    ...{ patientId: `p-${visit}`, ticket: `T-${visit}`, priority },
    ...{ arrivedAt: `2026-02-19T08:0${at}:00.000Z`, path: [] },
  });
const called = (visit: string, roomId = 'room', turn = 1) => event('PatientCalled', visit, { roomId, turn });
const seen = (visit: string) => event('ConsultationCompleted', visit);
const problemsOf = (events: readonly LoggedEvent[], patients: number, callers = 1) =>
  DayLedger.of(events, callers).atTheEnd(patients, { atCashier: false });

test('a day that went well has no problems', () => {
  const events = [arrives('1'), arrives('2'), called('1'), seen('1'), called('2', 'room', 2), seen('2')];
  expect(problemsOf(events, 2)).toEqual([]);
});

test.each<[string, LoggedEvent[], number, RegExp]>([
  ['a patient who never came', [], 1, /1 patients, 0 of them seen/],
  ['a patient who was left in the line', [arrives('1')], 1, /T-1 is WAITING/],
  ['a patient who was called twice', [arrives('1'), called('1'), called('1', 'other')], 1, /T-1 was CALLED/],
  ['a room with two patients', [arrives('1'), arrives('2'), called('1'), called('2', 'room', 2)], 2, /room room held/],
  ['a turn that was left out', [arrives('1'), called('1', 'room', 2), seen('1')], 1, /from turn 0 to 2/],
  ['a check-in that was stored twice', [arrives('1'), arrives('1')], 1, /checked in twice/],
  [
    'a patient who was called into a shut room',
    [arrives('1'), { ...event('RoomDeactivated', '', { roomId: 'room' }), aggregateId: 'room-room' }, called('1')],
    1,
    /room room is shut/,
  ],
  [
    'a patient who was overtaken for longer than calls are under way',
    ['1', '2', '3', '4']
      .map((visit) => arrives(visit))
      .concat(['2', '3', '4', '1'].flatMap((visit, n) => [called(visit, 'room', n + 1), seen(visit)])),
    4,
    /T-1 \(Medium\) was overtaken 3 calls ago/,
  ],
  [
    'an urgent patient who had to wait',
    [arrives('1'), arrives('2'), arrives('3', { priority: 'Urgent' })].concat(
      ['1', '2', '3'].flatMap((visit, n) => [called(visit, 'room', n + 1), seen(visit)]),
    ),
    3,
    /T-3 \(Urgent\) was overtaken 2 calls ago/,
  ],
])('finds %s', (_, events, patients, problem) => {
  expect(problemsOf(events, patients).join('\n')).toMatch(problem);
});
