import type { VisitEvent } from '../domain/events.ts';
import type { VisitStatus } from '../domain/status.ts';
import type { VisitCommand } from '../domain/visit-decider.ts';

/** What can be done to a visit, besides calling it. */
export type WalkStep = Exclude<VisitCommand['type'], 'call-expired'> | 'return' | 'transfer';

const beforeRoom: readonly WalkStep[] = ['change-priority', 'transfer', 'leave', 'cancel'];
const atDesk: readonly WalkStep[] = [
  'validate-payment',
  'payment-pending',
  'waive-payment',
  'cancel-by-payment',
  'absent-at-cashier',
  'leave',
];

/** The rules of the house from the patient's side: what may happen where. The deciders have them from the other side. */
export const may: { readonly [Status in VisitStatus]: readonly WalkStep[] } = {
  WAITING_TRIAGE: [...beforeRoom, 'record-triage'],
  WAITING_CASHIER: [...beforeRoom, 'waive-payment'],
  AT_CASHIER: [...atDesk, 'recall', 'undo-call'],
  PAYMENT_PENDING: atDesk,
  WAITING: [...beforeRoom, 'park'],
  CALLED: [
    ...(['start', 'complete', 'no-show', 'absent-at-consultation', 'recall', 'undo-call'] as const),
    ...(['transfer', 'leave', 'cancel'] as const),
  ],
  IN_CONSULTATION: ['complete', 'park', 'transfer'],
  PARKED: [...beforeRoom, 'resume'],
  COMPLETED: [],
  NO_SHOW: ['return'],
  CANCELLED: [],
  CANCELLED_BY_PAYMENT: [],
  CANCELLED_BY_ABSENCE: ['return'],
  LEFT: [],
};

/** How a step is refused from where it may not happen. */
export const codes: { readonly [Step in WalkStep]: string } = {
  'record-triage': 'VISIT_NOT_IN_TRIAGE',
  'change-priority': 'VISIT_NOT_WAITING',
  'validate-payment': 'VISIT_NOT_AT_CASHIER',
  'payment-pending': 'VISIT_NOT_AT_CASHIER',
  'waive-payment': 'PAYMENT_NOT_DUE',
  'cancel-by-payment': 'VISIT_NOT_AT_CASHIER',
  'absent-at-cashier': 'VISIT_NOT_AT_CASHIER',
  start: 'VISIT_NOT_CALLED',
  complete: 'VISIT_NOT_IN_ROOM',
  'no-show': 'VISIT_NOT_CALLED',
  'absent-at-consultation': 'VISIT_NOT_CALLED',
  recall: 'VISIT_NOT_CALLED',
  'undo-call': 'VISIT_NOT_CALLED',
  park: 'VISIT_NOT_PARKABLE',
  resume: 'VISIT_NOT_PARKED',
  return: 'VISIT_NOT_ABSENT',
  transfer: 'VISIT_NOT_TRANSFERABLE',
  leave: 'VISIT_NOT_LEAVING',
  cancel: 'VISIT_NOT_CANCELLABLE',
};

type ByEvent<Value> = { readonly [Type in VisitEvent['type']]?: Value };

/** The step that an event comes of; a call and a transfer have checks of their own. */
export const stepOf: ByEvent<WalkStep> = {
  TriageRecorded: 'record-triage',
  PriorityChanged: 'change-priority',
  PatientPaymentValidated: 'validate-payment',
  PatientPaymentPending: 'payment-pending',
  PaymentWaived: 'waive-payment',
  PatientCancelledByPayment: 'cancel-by-payment',
  PatientAbsentAtCashier: 'absent-at-cashier',
  ConsultationStarted: 'start',
  ConsultationCompleted: 'complete',
  PatientNoShow: 'no-show',
  PatientAbsentAtConsultation: 'absent-at-consultation',
  PatientRecalled: 'recall',
  CallUndone: 'undo-call',
  PatientParked: 'park',
  PatientResumed: 'resume',
  PatientReturned: 'return',
  PatientLeft: 'leave',
  VisitCancelled: 'cancel',
};

/** Where an event leads that puts the patient into no line. */
export const statusOf: ByEvent<VisitStatus> = {
  PatientCalledAtCashier: 'AT_CASHIER',
  PatientPaymentPending: 'PAYMENT_PENDING',
  PatientCancelledByPayment: 'CANCELLED_BY_PAYMENT',
  PatientCancelledByAbsence: 'CANCELLED_BY_ABSENCE',
  PatientCalled: 'CALLED',
  ConsultationStarted: 'IN_CONSULTATION',
  ConsultationCompleted: 'COMPLETED',
  PatientNoShow: 'NO_SHOW',
  PatientParked: 'PARKED',
  PatientLeft: 'LEFT',
  VisitCancelled: 'CANCELLED',
  VisitEndedAtClosing: 'LEFT',
};
