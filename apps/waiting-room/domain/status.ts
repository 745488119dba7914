import type { Line, Stage } from './event-shapes.ts';
import { visitEvents, type VisitEvent } from './events.ts';

/** Where a visit can stand, from the door to its ends. */
export const visitStatuses = [
  'WAITING_TRIAGE',
  'WAITING_CASHIER',
  'AT_CASHIER',
  'PAYMENT_PENDING',
  'WAITING',
  'CALLED',
  'IN_CONSULTATION',
  'PARKED',
  'COMPLETED',
  'NO_SHOW',
  'CANCELLED',
  'CANCELLED_BY_PAYMENT',
  'CANCELLED_BY_ABSENCE',
  'LEFT',
] as const;

/** WAITING is for the consultation; AT_CASHIER and PAYMENT_PENDING hold a desk, CALLED and IN_CONSULTATION a room. */
export type VisitStatus = (typeof visitStatuses)[number];

/** What somebody has who waits for a stage. */
export const waitingStatus = {
  TRIAGE: 'WAITING_TRIAGE',
  CASHIER: 'WAITING_CASHIER',
  CONSULTATION: 'WAITING',
} as const satisfies { readonly [Name in Stage]: VisitStatus };

export type WaitingStatus = (typeof waitingStatus)[Stage];

const waiting: ReadonlySet<VisitStatus> = new Set(Object.values(waitingStatus));
const seated: ReadonlySet<VisitStatus> = new Set([
  'AT_CASHIER',
  'PAYMENT_PENDING',
  'CALLED',
  'IN_CONSULTATION',
] as const);
const ended: ReadonlySet<VisitStatus> = new Set([
  'COMPLETED',
  'NO_SHOW',
  'CANCELLED',
  'CANCELLED_BY_PAYMENT',
  'CANCELLED_BY_ABSENCE',
  'LEFT',
] as const);

/** Stands in a line. */
export const isWaiting = (status: VisitStatus): status is WaitingStatus => waiting.has(status);
/** Holds a room or a desk. */
export const isSeated = (status: VisitStatus): boolean => seated.has(status);
/** The patient is here, whatever for. */
export const isOpen = (status: VisitStatus): boolean => !ended.has(status);

/** The line that an event puts the patient into; undefined when into none. */
export function lineOf(event: VisitEvent): Line | undefined {
  if (event.type === 'PatientCheckedIn') {
    const { path, priority, arrivedAt } = event.data;
    return { waitsFor: path[0] ?? 'CONSULTATION', priority, placeAt: arrivedAt };
  }
  return 'line' in event.data ? (event.data.line ?? undefined) : undefined;
}

/** The status that an event gives a visit; undefined when it stays as it was. */
export function statusAfter(event: VisitEvent): VisitStatus | undefined {
  const line = lineOf(event);
  return line === undefined ? effects[event.type].status : waitingStatus[line.waitsFor];
}

/**
 * What an event means for the queue that it names. `comes` opens a visit there and `goes` ends it there; `waits` takes
 * a place among the waiting and `away` gives it up; `named` puts the visit under the pseudonym of a patient, for whom it
 * opens one; `stays` changes nothing of that.
 */
type Effect = 'comes' | 'goes' | 'waits' | 'away' | 'named' | 'stays';

/** Every event with its effect, and the status it gives when it puts the patient into no line. */
const effects: { readonly [Type in VisitEvent['type']]: { readonly effect: Effect; readonly status?: VisitStatus } } = {
  PatientCheckedIn: { effect: 'comes' },
  PatientReturned: { effect: 'comes' },
  PatientReceived: { effect: 'comes' },
  PatientTransferred: { effect: 'goes' },
  ConsultationCompleted: { effect: 'goes', status: 'COMPLETED' },
  PatientNoShow: { effect: 'goes', status: 'NO_SHOW' },
  VisitCancelled: { effect: 'goes', status: 'CANCELLED' },
  PatientCancelledByPayment: { effect: 'goes', status: 'CANCELLED_BY_PAYMENT' },
  PatientCancelledByAbsence: { effect: 'goes', status: 'CANCELLED_BY_ABSENCE' },
  PatientLeft: { effect: 'goes', status: 'LEFT' },
  VisitEndedAtClosing: { effect: 'goes', status: 'LEFT' },
  PatientIdentified: { effect: 'named' },
  CallUndone: { effect: 'waits' },
  PatientAbsentAtCashier: { effect: 'waits' },
  PatientAbsentAtConsultation: { effect: 'waits' },
  PatientPaymentValidated: { effect: 'waits' },
  PaymentWaived: { effect: 'waits' },
  PatientResumed: { effect: 'waits' },
  PatientCalled: { effect: 'away', status: 'CALLED' },
  PatientCalledAtCashier: { effect: 'away', status: 'AT_CASHIER' },
  PatientParked: { effect: 'away', status: 'PARKED' },
  ConsultationStarted: { effect: 'stays', status: 'IN_CONSULTATION' },
  PatientPaymentPending: { effect: 'stays', status: 'PAYMENT_PENDING' },
  TriageRecorded: { effect: 'stays' },
  PriorityChanged: { effect: 'stays' },
  PatientRecalled: { effect: 'stays' },
};

export const effectOf = ({ type }: { readonly type: VisitEvent['type'] }): Effect => effects[type].effect;

function typesWith(...wanted: readonly Effect[]): readonly VisitEvent['type'][] {
  return visitEvents.map(({ type }) => type).filter((type) => wanted.includes(effects[type].effect));
}

/** The events that open or end a visit in a queue. */
export const openingTypes = typesWith('comes', 'goes', 'named');
/** The events that change who waits in a queue. */
export const waitingTypes = typesWith('comes', 'goes', 'waits', 'away', 'named');
