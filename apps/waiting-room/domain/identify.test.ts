import { given } from '#millrace/testing';
import { describe, expect, test } from 'vitest';
import { checkInToLimitedQueue } from './check-in-limited.ts';
import { momentOf, PatientIdentified } from './events.ts';
import { identifyDecider } from './identify.ts';
import { about, checkIn, configured, hasCheckedIn, newVisitId, now, pasts, patientKey, visitId } from './john-doe.ts';

const unknown = hasCheckedIn({ patientKey: null, patientId: 'W-1', patientName: 'Unknown' });
const identify = { visitId, queueId: 'queue-1', patientId: 'patient-1', patientKey, patientName: 'John Doe' };
const identified = PatientIdentified({
  ...{ ...about, patientId: 'patient-1', patientName: 'John Doe', identifiedAt: momentOf(now) },
});

describe('a patient who came without an id', () => {
  test('gets one, and the name that goes with it', () => {
    given(identifyDecider, [unknown]).when(identify).thenEvents(identified);
  });

  test('gets it once', () => {
    given(identifyDecider, [unknown, identified]).when(identify).thenEvents();
    const another = { ...identify, patientId: 'patient-2', patientKey: '90aa51b8c2d3e4f5061728394a5b6c7d' };
    given(identifyDecider, [unknown, identified]).when(another).thenRefused('VISIT_IDENTIFIED');
  });

  test('is not made one with a patient who waits already', () => {
    given(identifyDecider, [hasCheckedIn({ visitId: newVisitId() }), unknown])
      .when(identify)
      .thenRefused('PATIENT_ALREADY_WAITING');
  });

  test('is not made one with a patient of another name', () => {
    given(identifyDecider, [unknown]).when(identify).thenEvents(identified);
    const ended = pasts.LEFT.map((event) => ({ ...event, data: { ...event.data, visitId: newVisitId() } }));
    expect(ended).toHaveLength(2);
    given(identifyDecider, [hasCheckedIn({ visitId: newVisitId(), patientName: 'Jane Roe' }), unknown])
      .when(identify)
      .thenRefused('PATIENT_IDENTITY_CONFLICT');
  });

  test('and whose visit is over, or unknown, is refused', () => {
    given(identifyDecider, pasts.LEFT).when(identify).thenRefused('VISIT_ENDED');
    given(identifyDecider, []).when(identify).thenRefused('VISIT_NOT_FOUND');
  });

  test('still holds one place of a queue with a limit, and is known there by the id', () => {
    const past = [configured({ maxCapacity: 2 }), unknown, identified];
    given(checkInToLimitedQueue, past)
      .when(checkIn({ visitId: newVisitId(), nameOnRecord: 'John Doe' }))
      .thenRefused('PATIENT_ALREADY_WAITING');
    expect(given(checkInToLimitedQueue, past).state.open.waiting).toBe(1);
  });
});
