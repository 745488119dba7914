import { expect, test } from 'vitest';
import { isOpen, isWaiting, visitStatuses } from '../../../apps/waiting-room/domain/status.ts';
import { adviceOf, isCalledNow, type PhoneVisit } from '../../../apps/waiting-room/web/screens/phone/phone-model.ts';

const visit = (status: string, destination: string | null = null): PhoneVisit => ({
  ...{ ticket: 'A-001', queueName: 'General', siteName: 'North', status, place: null, estimate: null },
  ...{ unknownBecause: null, destination, updatedAt: 0 },
});

test('every status says what to do, and only those that are over say so', () => {
  for (const status of visitStatuses) {
    const advice = adviceOf({ status });
    expect(['ended', 'missed', 'over'].includes(advice), status).toBe(!isOpen(status));
    expect(['wait', 'triage', 'cashier'].includes(advice), status).toBe(isWaiting(status));
  }
});

test('the phone shakes at a call, and not when the page is opened or nothing changed', () => {
  const called = visit('CALLED', 'Room 3');
  expect(isCalledNow(visit('WAITING'), called)).toBe(true);
  expect(isCalledNow(called, visit('CALLED', 'Room 4'))).toBe(true);
  expect(isCalledNow(undefined, called)).toBe(false);
  expect(isCalledNow(called, called)).toBe(false);
  expect(isCalledNow(called, visit('IN_CONSULTATION', 'Room 3'))).toBe(false);
});
