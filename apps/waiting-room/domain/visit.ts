import type { Line, Seat, Stage } from './event-shapes.ts';
import { seatIn } from './event-shapes.ts';
import type { VisitEvent } from './events.ts';
import { mainSite } from './names.ts';
import type { Priority } from './priority.ts';
import { isSeated, lineOf, statusAfter, waitingStatus, type VisitStatus } from './status.ts';

/** A visit as the decisions about it need it. Moments as events carry them. */
export interface Visit {
  readonly visitId: string;
  readonly queueId: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly patientKey: string | null;
  readonly priority: Priority;
  readonly arrivedAt: string;
  /** Since when the patient has the place in line: the arrival, or the last absence. */
  readonly placeAt: string;
  readonly status: VisitStatus;
  /** What the patient waits for, or waited for last. */
  readonly stage: Stage;
  /** The cashier lies before the consultation and is not settled yet. */
  readonly owesPayment: boolean;
  /** The room or desk that the patient is called to; null otherwise. */
  readonly seat: Seat | null;
  readonly paymentAttempts: number;
  readonly cashierAbsences: number;
  readonly consultationAbsences: number;
  readonly siteId: string;
  readonly day: string;
  readonly ticket: string;
  /** Until when a patient who was called is waited for, and for how long after a call; null for ever. */
  readonly answerBy: string | null;
  readonly answerMs: number | null;
}

/** The state of a visit after one more of its events. */
export function evolveVisit(visit: Visit | undefined, event: VisitEvent): Visit | undefined {
  if (visit === undefined) return openedBy(event);
  const status = statusAfter(event) ?? visit.status;
  return {
    ...visit,
    ...placeIn(lineOf(event)),
    ...particulars(visit, event),
    status,
    seat: isSeated(status) ? (seatIn(event.data) ?? visit.seat) : null,
  };
}

function openedBy(event: VisitEvent): Visit | undefined {
  // Who knows a visit by its queue only sees it come from another one.
  if (event.type !== 'PatientCheckedIn' && event.type !== 'PatientReceived') return undefined;
  const { visitId, queueId, patientId, patientName, patientKey, arrivedAt } = event.data;
  const line = lineOf(event);
  if (line === undefined) return undefined;
  return {
    ...{ visitId, queueId, patientId, patientName, patientKey, arrivedAt },
    ...{ stage: line.waitsFor, priority: line.priority, placeAt: line.placeAt },
    status: waitingStatus[line.waitsFor],
    owesPayment: event.type === 'PatientCheckedIn' && event.data.path.includes('CASHIER'),
    seat: null,
    paymentAttempts: 0,
    cashierAbsences: 0,
    consultationAbsences: 0,
    ...(event.type === 'PatientCheckedIn'
      ? { siteId: event.data.siteId, day: event.data.day, ticket: event.data.ticket }
      : { siteId: mainSite, day: '', ticket: '' }),
    answerBy: null,
    answerMs: null,
  };
}

function placeIn(line: Line | undefined): Partial<Visit> {
  return line === undefined ? {} : { stage: line.waitsFor, priority: line.priority, placeAt: line.placeAt };
}

/** What an event says besides status and place. */
function particulars(visit: Visit, event: VisitEvent): Partial<Visit> {
  switch (event.type) {
    case 'TriageRecorded':
    case 'PriorityChanged': {
      const { priority } = event.data;
      return { priority, owesPayment: visit.owesPayment && priority !== 'Urgent' };
    }
    case 'PatientPaymentPending':
      return { paymentAttempts: event.data.attempt };
    case 'PatientPaymentValidated':
    case 'PaymentWaived':
      return { owesPayment: false };
    case 'PatientAbsentAtCashier':
      return { cashierAbsences: event.data.absence };
    case 'PatientAbsentAtConsultation':
      return { consultationAbsences: event.data.absence };
    case 'PatientCalled': {
      const { answerBy, calledAt } = event.data;
      return { answerBy, answerMs: answerBy === null ? null : Date.parse(answerBy) - Date.parse(calledAt) };
    }
    case 'PatientRecalled':
      return { answerBy: event.data.answerBy };
    case 'PatientIdentified': {
      const { patientId, patientName, patientKey } = event.data;
      return { patientId, patientName, patientKey };
    }
    case 'PatientTransferred':
      return { queueId: event.data.toQueueId, patientKey: null };
    case 'PatientReceived':
      return { queueId: event.data.queueId, patientKey: event.data.patientKey };
    case 'PatientCheckedIn':
    case 'ConsultationStarted':
    case 'ConsultationCompleted':
    case 'PatientNoShow':
    case 'VisitCancelled':
    case 'VisitEndedAtClosing':
    case 'CallUndone':
    case 'PatientCancelledByAbsence':
    case 'PatientReturned':
    case 'PatientParked':
    case 'PatientResumed':
    case 'PatientLeft':
    case 'PatientCalledAtCashier':
    case 'PatientCancelledByPayment':
      return {};
  }
}

/** What every event about a visit says. */
export function aboutVisit({ visitId, queueId, patientKey }: Visit) {
  return { visitId, queueId, patientKey };
}

/** The patient's place in the line before a stage. */
export function lineFor({ priority, placeAt }: Visit, waitsFor: Stage): Line {
  return { waitsFor, priority, placeAt };
}

/** Where the patient is, as events say it; all null when the patient holds no place. */
export function seatFields({ seat }: Visit): {
  readonly roomId: string | null;
  readonly deskId: string | null;
  readonly turn: number | null;
} {
  if (seat === null) return { roomId: null, deskId: null, turn: null };
  const { place, turn } = seat;
  return place.kind === 'room' ? { roomId: place.id, deskId: null, turn } : { roomId: null, deskId: place.id, turn };
}
