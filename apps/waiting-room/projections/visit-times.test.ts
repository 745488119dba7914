import { givenEvents, inStream } from '#millrace/testing';
import type { NewEvent } from '#millrace';
import { describe, expect, test } from 'vitest';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientLeft,
  PatientNoShow,
  PatientReturned,
} from '../domain/events.ts';
import { about, consultationLine, hasBeenCalled, hasCheckedIn, now, visitId } from '../domain/john-doe.ts';
import { analyticsProjection } from './visit-times.ts';

const minute = 60_000;
const arrivedAt = now - 10 * minute;
const arrived = hasCheckedIn({ arrivedAt: momentOf(arrivedAt) });
const seat = { roomId: 'room-1', turn: 1 };

const fold = (...events: readonly NewEvent[]) => givenEvents(analyticsProjection, inStream(visitId, ...events));

describe('the times of a visit', () => {
  test('belong to the hour of the arrival, its priority and its kind', () => {
    fold(arrived).thenRows('visit_times', [
      {
        visit_id: visitId,
        queue_id: 'queue-1',
        hour: Math.floor(arrivedAt / 3_600_000) * 3_600_000,
        priority: 'High',
        consultation_type: 'Cardiology',
        arrived_at: arrivedAt,
        called_at: null,
        outcome: null,
      },
    ]);
  });

  test('follow the visit to its end', () => {
    const started = ConsultationStarted({ ...about, roomId: 'room-1', startedAt: momentOf(now + minute) });
    const completed = ConsultationCompleted({ ...about, ...seat, completedAt: momentOf(now + 6 * minute) });
    fold(arrived, hasBeenCalled, started, completed).thenRows('visit_times', [
      { visit_id: visitId, started_at: now + minute, ended_at: now + 6 * minute, outcome: 'COMPLETED' },
    ]);
  });

  test('tell a patient who did not come from one who was served', () => {
    const gone = PatientNoShow({ ...about, ...seat, recordedAt: momentOf(now) });
    fold(arrived, hasBeenCalled, gone).thenRows('visit_times', [
      { visit_id: visitId, ended_at: now, outcome: 'NO_SHOW', started_at: null },
    ]);
  });

  test('begin anew for a patient who was given up and came back', () => {
    const gone = PatientNoShow({ ...about, ...seat, recordedAt: momentOf(now) });
    const back = PatientReturned({ ...about, line: consultationLine, returnedAt: momentOf(now + minute) });
    fold(arrived, hasBeenCalled, gone, back).thenRows('visit_times', [
      { visit_id: visitId, called_at: null, ended_at: null, outcome: null },
    ]);
  });

  test('tell who left without being seen', () => {
    const left = PatientLeft({ ...about, roomId: null, deskId: null, turn: null, leftAt: momentOf(now) });
    fold(arrived, left).thenRows('visit_times', [{ visit_id: visitId, ended_at: now, outcome: 'LEFT' }]);
  });

  test('hold no name and no identity of a patient', () => {
    const [row] = fold(arrived).rows('visit_times');
    expect(JSON.stringify(row)).not.toContain('John Doe');
    expect(JSON.stringify(row)).not.toContain('patient-1');
  });
});
