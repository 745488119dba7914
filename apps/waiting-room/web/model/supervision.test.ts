import { expect, test } from 'vitest';
import type { VisitRow } from './rows.ts';
import { sampleQueue, sampleVisit } from './sample-rows.ts';
import {
  alertsOf,
  everybody,
  isOverdue,
  missingPlaces,
  overdueOf,
  placesWithVisits,
  waitedMs,
  waitingList,
} from './supervision.ts';

const minute = 60_000;
const now = 1_000 * minute;
const visit = (visitId: string, minutes: number, given: Partial<VisitRow> = {}): VisitRow => ({
  ...sampleVisit,
  visitId,
  arrivedAt: now - minutes * minute,
  ...given,
});
const ids = (list: readonly VisitRow[]) => list.map(({ visitId }) => visitId);

test('the wait counts from the arrival, and whoever does not stand in line is never overdue', () => {
  expect(waitedMs(visit('a', 7), now)).toBe(7 * minute);
  expect(isOverdue(visit('a', 61), now)).toBe(true);
  expect(isOverdue(visit('a', 60), now)).toBe(false);
  expect(isOverdue(visit('a', 61, { status: 'CALLED' }), now)).toBe(false);
  expect(isOverdue(visit('a', 1, { priority: 'Urgent' }), now)).toBe(true);
});

test('an overdue wait says its limit and by how much that is exceeded', () => {
  expect(overdueOf(visit('a', 75), now)).toEqual({ limitMs: 60 * minute, exceededByMs: 15 * minute });
  expect(overdueOf(visit('a', 3, { priority: 'Urgent' }), now)).toEqual({ limitMs: 0, exceededByMs: 3 * minute });
  expect(overdueOf(visit('a', 60), now)).toBeUndefined();
});

test('no open room while patients wait for one is told, once it is known which rooms there are', () => {
  const room = { id: 'B-7', name: 'R', siteId: 'main', staffName: null, active: true, occupied: false };
  const waiting = [visit('a', 1), visit('b', 1, { status: 'WAITING_CASHIER' })];
  const closed = [
    { ...room, active: false },
    { ...room, siteId: 'north' },
  ];
  expect(missingPlaces('room', closed, 'main', waiting)).toEqual([{ kind: 'no-room', count: 1 }]);
  expect(missingPlaces('desk', [], 'main', waiting)).toEqual([{ kind: 'no-desk', count: 1 }]);
  expect(missingPlaces('room', [...closed, room], 'main', waiting)).toEqual([]);
  expect(missingPlaces('room', undefined, 'main', waiting)).toEqual([]);
  expect(missingPlaces('room', closed, 'main', [])).toEqual([]);
});

test('who is overdue stands first, then who has waited longest', () => {
  const all = [
    visit('a', 50),
    visit('b', 16, { priority: 'High' }),
    visit('c', 90),
    visit('d', 100, { priority: 'Low' }),
  ];
  expect(ids(waitingList(all, everybody, now))).toEqual(['c', 'b', 'd', 'a']);
});

test('filters hold together', () => {
  const all = [
    visit('a', 90),
    visit('b', 90, { queueId: 'other' }),
    visit('c', 90, { status: 'WAITING_TRIAGE' }),
    visit('d', 1),
    visit('e', 90, { status: 'PARKED' }),
  ];
  const filter = { queueId: 'queue-1', priority: 'Medium', status: 'WAITING', overdueOnly: true };
  expect(ids(waitingList(all, filter, now))).toEqual(['a']);
  expect(ids(waitingList(all, { ...everybody, priority: 'Low' }, now))).toEqual([]);
});

test('what needs a look is told: overdue, full, paused with people in it, called for long', () => {
  const queue = { ...sampleQueue, maxCapacity: 1, waitingAll: 1, state: 'PAUSED' };
  const called = visit('b', 30, { status: 'CALLED', statusSince: now - 11 * minute });
  const kinds = alertsOf([queue], [visit('a', 61), called, visit('z', 500, { queueId: 'elsewhere' })], now).map(
    ({ kind }) => kind,
  );
  expect(kinds).toEqual(['overdue', 'full', 'paused', 'called-long']);
  expect(alertsOf([sampleQueue], [visit('a', 1)], now)).toEqual([]);
});

test('a room shows who is in it, whatever the letter case, and only those of its site', () => {
  const place = { name: 'R', siteId: 'main', staffName: null, active: true, occupied: true };
  const places = [
    { ...place, id: 'B-7' },
    { ...place, id: 'x', siteId: 'north' },
  ];
  const [first, ...others] = placesWithVisits('room', places, 'main', [
    visit('a', 1, { status: 'IN_CONSULTATION', roomId: 'b-7' }),
  ]);
  expect(first?.visit?.visitId).toBe('a');
  expect(others).toEqual([]);
});
