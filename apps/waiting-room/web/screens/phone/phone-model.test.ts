import { expect, test } from 'vitest';
import { adviceOf, isCalledNow, type PhoneVisit } from './phone-model.ts';

const visit = (status: string, calls = 0): PhoneVisit => ({
  ...{ ticket: 'A-001', siteName: 'North', status, isOver: false, calls, place: null, estimate: null },
  ...{ unknownBecause: null, destination: calls === 0 ? null : 'Room 3', updatedAt: 0 },
});

test.each([
  ['CALLED', 'go'],
  ['AT_CASHIER', 'go'],
  ['PAYMENT_PENDING', 'pay'],
  ['WAITING', 'wait'],
  ['COMPLETED', 'ended'],
  ['NO_SHOW', 'missed'],
  ['LEFT', 'over'],
  ['something new', 'over'],
])('whose visit is %s hears what to do: %s', (status, advice) => {
  expect(adviceOf({ status })).toBe(advice);
});

test('the phone shakes at a call and at each one once more, and not when the page is opened or nothing changed', () => {
  const called = visit('CALLED', 1);
  expect(isCalledNow(visit('WAITING'), called)).toBe(true);
  expect(isCalledNow(called, visit('CALLED', 2))).toBe(true);
  expect(isCalledNow(undefined, called)).toBe(false);
  expect(isCalledNow(called, called)).toBe(false);
  expect(isCalledNow(called, visit('IN_CONSULTATION', 1))).toBe(false);
  // Called and gone in while the phone was away: too late to shake.
  expect(isCalledNow(visit('WAITING'), visit('IN_CONSULTATION', 1))).toBe(false);
});
