import { expect, test } from 'vitest';
import { adviceOf, isOver, newsOf, type VisitPage } from './visit-page.ts';

const waiting: VisitPage = {
  ticket: 'Q1-017',
  siteName: 'Main',
  status: 'WAITING',
  place: 3,
  estimate: null,
  unknownBecause: 'NO_ROOM_OPEN',
  destination: null,
  arrivedAt: 0,
};
const called: VisitPage = { ...waiting, status: 'CALLED', place: null, destination: { kind: 'room', name: '3' } };

test.each([
  ['WAITING', 'wait'],
  ['WAITING_TRIAGE', 'wait'],
  ['WAITING_CASHIER', 'wait'],
  ['IN_CONSULTATION', 'inside'],
  ['PARKED', 'parked'],
  ['NO_SHOW', 'absent'],
  ['CANCELLED_BY_ABSENCE', 'absent'],
  ['COMPLETED', 'ended'],
  ['CANCELLED', 'ended'],
  ['LEFT', 'ended'],
])('a visit that is %s is told as %s', (status, advice) => {
  expect(adviceOf({ ...waiting, status })).toBe(advice);
});

test('whoever is called is sent to the place, at the desk as well', () => {
  expect(adviceOf(called)).toBe('go');
  expect(adviceOf({ ...called, status: 'AT_CASHIER', destination: { kind: 'desk', name: '1' } })).toBe('go');
});

test('only a visit that ended for good is over: who was given up may come back', () => {
  expect(isOver({ ...waiting, status: 'COMPLETED' })).toBe(true);
  expect(isOver({ ...waiting, status: 'NO_SHOW' })).toBe(false);
});

test('the phone buzzes for a call, for another place, and for being next; not for opening the page', () => {
  const next = { ...waiting, place: 1 };
  expect(newsOf(undefined, called)).toBeUndefined();
  expect(newsOf(waiting, next)).toBe('next');
  expect(newsOf(next, next)).toBeUndefined();
  expect(newsOf(next, called)).toBe('go');
  expect(newsOf(called, called)).toBeUndefined();
  expect(newsOf(called, { ...called, destination: { kind: 'room', name: '4' } })).toBe('go');
  expect(newsOf(waiting, { ...waiting, place: 2 })).toBeUndefined();
});
