import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import { checkInToLimitedQueue } from './check-in-limited.ts';
import { checkInToUnlimitedQueue } from './check-in-unlimited.ts';
import { visitEvents } from './events.ts';
import { pasts, patientKey } from './john-doe.ts';
import { isOpen, isWaiting, openingTypes, visitStatuses, waitingTypes } from './status.ts';

describe('what a check-in knows of a patient', () => {
  test.each(visitStatuses)('who is %s: whether the visit is open, and whether it holds a place', (status) => {
    const read = (types: readonly string[]) => pasts[status].filter(({ type }) => types.includes(type));
    const { state: record } = given(checkInToUnlimitedQueue, read(openingTypes));
    expect(record?.open).toBe(isOpen(status));
    const { open } = given(checkInToLimitedQueue, read(waitingTypes)).state;
    expect(open.get(patientKey)).toBe(isOpen(status) ? isWaiting(status) : undefined);
  });

  test('comes of the events that matter for it, and of no others', () => {
    const others = visitEvents.map(({ type }) => type).filter((type) => !waitingTypes.includes(type));
    expect(others.toSorted()).toEqual([
      'ConsultationStarted',
      'PatientPaymentPending',
      'PatientRecalled',
      'PriorityChanged',
      'TriageRecorded',
    ]);
    expect(waitingTypes).toEqual(expect.arrayContaining([...openingTypes]));
  });
});
