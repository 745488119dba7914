import { newEventId } from '#millrace';
import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientCalled,
  PatientCalledAtCashier,
  PatientCancelledByAbsence,
  PatientCancelledByPayment,
  PatientCheckedIn,
  PatientLeft,
  PatientNoShow,
  PatientParked,
  PatientPaymentPending,
  QueueConfigured,
  VisitCancelled,
  type VisitEvent,
} from './events.ts';
import type { VisitStatus } from './status.ts';
import type { CheckIn } from './check-in.ts';
import { defaultsOf, type QueueSettings } from './queue.ts';

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
    siteId: 'main',
    day: '2026-01-01',
    ticket: 'Q1-001',
    firstOfDay: false,
    ...changes,
  };
}

/** The event that {@link checkIn} comes to. */
export function hasCheckedIn(changes: Partial<Parameters<typeof PatientCheckedIn>[0]> = {}) {
  const {
    settingsPosition: _,
    nameOnRecord: __,
    queueState: ___,
    stages: ____,
    firstOfDay: _____,
    ...data
  } = checkIn();
  return PatientCheckedIn({ ...data, arrivedAt: momentOf(now), path: [], ...changes });
}

/** The settings of `queue-1` with what a test is about. */
export function configured(changes: Partial<QueueSettings> = {}, configuredAt = now, queueId = 'queue-1') {
  return QueueConfigured({ queueId, ...defaultsOf(queueId), ...changes, configuredAt: momentOf(configuredAt) });
}

/** What every event about that visit says. */
export const about = { visitId, queueId: 'queue-1', patientKey };

export const hasBeenCalled = PatientCalled({
  ...about,
  roomId: 'room-1',
  turn: 1,
  answerBy: null,
  calledAt: momentOf(now),
});

export const newVisitId = (): string => `visit-${newEventId()}`;

/** John Doe's place in the line before the consultation. */
export const consultationLine = { waitsFor: 'CONSULTATION', priority: 'High', placeAt: momentOf(now) } as const;
export const cashierLine = { ...consultationLine, waitsFor: 'CASHIER' } as const;

export const waiting: readonly VisitEvent[] = [hasCheckedIn()];
export const called: readonly VisitEvent[] = [...waiting, hasBeenCalled];

const at = momentOf(now);
const seat = { roomId: 'room-1', turn: 1 };
const atDesk = { deskId: 'desk-1', turn: 1 };
const inTriage: readonly VisitEvent[] = [hasCheckedIn({ path: ['TRIAGE', 'CASHIER'] })];
const unpaid: readonly VisitEvent[] = [hasCheckedIn({ path: ['CASHIER'] })];
const atCashier = [...unpaid, PatientCalledAtCashier({ ...about, ...atDesk, calledAt: at })];
/** A try to pay in vain. */
export const inVain = (attempt: number) =>
  PatientPaymentPending({ ...about, deskId: 'desk-1', attempt, recordedAt: at });
const started = [...called, ConsultationStarted({ ...about, roomId: 'room-1', startedAt: at })];

/** How John Doe came to each state, the shortest way. */
export const pasts: { readonly [Status in VisitStatus]: readonly VisitEvent[] } = {
  WAITING_TRIAGE: inTriage,
  WAITING_CASHIER: unpaid,
  AT_CASHIER: atCashier,
  PAYMENT_PENDING: [...atCashier, inVain(1)],
  WAITING: waiting,
  CALLED: called,
  IN_CONSULTATION: started,
  PARKED: [...started, PatientParked({ ...about, ...seat, deskId: null, parkedAt: at })],
  COMPLETED: [...started, ConsultationCompleted({ ...about, ...seat, completedAt: at })],
  NO_SHOW: [...called, PatientNoShow({ ...about, ...seat, recordedAt: at })],
  CANCELLED: [
    ...waiting,
    VisitCancelled({
      ...{ ...about, patientId: 'patient-1', roomId: null, turn: null },
      ...{ reason: 'Left.', cancelledAt: at },
    }),
  ],
  CANCELLED_BY_PAYMENT: [
    ...[...atCashier, inVain(1), inVain(2), inVain(3)],
    PatientCancelledByPayment({ ...about, ...atDesk, attempts: 3, cancelledAt: at }),
  ],
  CANCELLED_BY_ABSENCE: [
    ...called,
    PatientCancelledByAbsence({ ...about, ...seat, deskId: null, absences: 2, cancelledAt: at }),
  ],
  LEFT: [...waiting, PatientLeft({ ...about, roomId: null, deskId: null, turn: null, leftAt: at })],
};
