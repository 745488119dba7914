import { expect, test } from 'vitest';
import { adviceOf, isCalledNow, type PhoneVisit } from './phone-model.ts';

const visit = (status: string, destination: string | null = null): PhoneVisit => ({
  ...{ ticket: 'A-001', queueName: 'General', siteName: 'North', status, place: null, estimate: null },
  ...{ unknownBecause: null, destination, updatedAt: 0 },
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

test('the phone shakes at a call, and not when the page is opened or nothing changed', () => {
  const called = visit('CALLED', 'Room 3');
  expect(isCalledNow(visit('WAITING'), called)).toBe(true);
  expect(isCalledNow(called, visit('CALLED', 'Room 4'))).toBe(true);
  expect(isCalledNow(undefined, called)).toBe(false);
  expect(isCalledNow(called, called)).toBe(false);
  expect(isCalledNow(called, visit('IN_CONSULTATION', 'Room 3'))).toBe(false);
});
