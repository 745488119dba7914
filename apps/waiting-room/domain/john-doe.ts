import { newEventId } from '#millrace';
import { momentOf, PatientCalled, PatientCheckedIn } from './events.ts';
import type { CheckIn } from './check-in.ts';

/** 2026-01-01T00:00:00Z, the moment at which tests decide. */
export const now = Date.UTC(2026, 0, 1);

export const visitId = 'visit-019b7544-0000-7000-8000-000000000001';
export const patientKey = '3f1a9c0d5e7b2846a1b2c3d4e5f60718';

/** John Doe wants to see a cardiologist in `queue-1`. */
export function checkIn(changes: Partial<CheckIn> = {}): CheckIn {
  return {
    visitId,
    queueId: 'queue-1',
    patientId: 'patient-1',
    patientKey,
    patientName: 'John Doe',
    priority: 'High',
    consultationType: 'Cardiology',
    notes: null,
    settingsPosition: 0,
    ...changes,
  };
}

/** The event that {@link checkIn} comes to. */
export function hasCheckedIn(changes: Partial<Parameters<typeof PatientCheckedIn>[0]> = {}) {
  const { settingsPosition: _, nameOnRecord: __, ...data } = checkIn();
  return PatientCheckedIn({ ...data, arrivedAt: momentOf(now), ...changes });
}

/** What every event about that visit says. */
export const about = { visitId, queueId: 'queue-1', patientKey };

export const hasBeenCalled = PatientCalled({ ...about, roomId: 'room-1', turn: 1, calledAt: momentOf(now) });

export const newVisitId = (): string => `visit-${newEventId()}`;
