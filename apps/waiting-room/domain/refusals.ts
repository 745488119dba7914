import { DomainError, type DomainErrorKind, type FieldProblem } from '#millrace';

interface Refusal {
  readonly kind: DomainErrorKind;
  readonly message: string;
}

/** Everything that the waiting room refuses, with its stable code. A code is never renamed or given another meaning. */
export const refusals = {
  VISIT_NOT_FOUND: { kind: 'not-found', message: 'There is no visit with that id.' },
  VISIT_NOT_WAITING: { kind: 'rejected', message: 'The patient is not waiting for that.' },
  VISIT_NOT_CALLED: {
    kind: 'rejected',
    message: 'The patient has not been called, or the consultation began already.',
  },
  VISIT_NOT_IN_ROOM: { kind: 'rejected', message: 'The patient is in no room.' },
  VISIT_NOT_CANCELLABLE: { kind: 'rejected', message: 'Only a visit before its consultation can be cancelled.' },
  VISIT_NOT_IN_TRIAGE: { kind: 'rejected', message: 'The patient is not waiting for triage.' },
  VISIT_NOT_AT_CASHIER: { kind: 'rejected', message: 'The patient is at no desk of a cashier.' },
  VISIT_NOT_PARKABLE: { kind: 'rejected', message: 'Only who waits for the consultation or is in it can be parked.' },
  VISIT_NOT_PARKED: { kind: 'rejected', message: 'The patient is not parked.' },
  VISIT_NOT_ABSENT: { kind: 'rejected', message: 'Only who was given up for not coming can return.' },
  VISIT_OF_ANOTHER_DAY: { kind: 'rejected', message: 'The visit began on another day: check the patient in anew.' },
  VISIT_NOT_TRANSFERABLE: { kind: 'rejected', message: 'The patient is at the cashier or not here any more.' },
  VISIT_NOT_LEAVING: { kind: 'rejected', message: 'The patient is in consultation or not here any more.' },
  TRANSFER_TO_SAME_QUEUE: { kind: 'rejected', message: 'The patient is in that queue.' },
  PAYMENT_NOT_DUE: { kind: 'rejected', message: 'The patient has no payment to make now.' },
  PAYMENT_ATTEMPTS_LEFT: { kind: 'rejected', message: 'The patient may try to pay once more.' },
  PAYMENT_ATTEMPTS_EXHAUSTED: {
    kind: 'rejected',
    message: 'The patient has tried to pay as often as there are attempts.',
  },
  QUEUE_EMPTY: { kind: 'rejected', message: 'Nobody waits in that queue.' },
  QUEUE_NOT_FOUND: { kind: 'not-found', message: 'There is no queue with that id.' },
  QUEUE_CAPACITY_REACHED: { kind: 'rejected', message: 'The queue is full.' },
  PATIENT_ALREADY_WAITING: { kind: 'rejected', message: 'The patient has an open visit in that queue.' },
  PATIENT_IDENTITY_CONFLICT: { kind: 'rejected', message: 'That patient id is known under another name.' },
  QUEUE_PAUSED: { kind: 'rejected', message: 'The queue is paused: nobody is taken in or called.' },
  QUEUE_CLOSED: { kind: 'rejected', message: 'The queue is closed: nobody is taken in any more.' },
  ROOM_OCCUPIED: { kind: 'rejected', message: 'The room holds another patient.' },
  DESK_OCCUPIED: { kind: 'rejected', message: 'The desk holds another patient.' },
  AUDIT_TIMELINE_NOT_FOUND: { kind: 'not-found', message: 'No event of that correlation id was found.' },
  TRAJECTORY_NOT_FOUND: { kind: 'not-found', message: 'There is no visit with that id.' },
  ROOM_INACTIVE: { kind: 'rejected', message: 'The room is not active.' },
  DESK_INACTIVE: { kind: 'rejected', message: 'The desk is not active.' },
  TRANSFER_TO_ANOTHER_SITE: {
    kind: 'rejected',
    message: 'That queue is at another site: check the patient in there.',
  },
  VISIT_ENDED: { kind: 'rejected', message: 'The visit is over.' },
  VISIT_IDENTIFIED: { kind: 'rejected', message: 'The visit has a patient id already.' },
  VISIT_LINK_UNKNOWN: { kind: 'not-found', message: 'There is no visit behind that link, or it is over for long.' },
  SITE_NOT_FOUND: { kind: 'not-found', message: 'There is no site with that id.' },
  TIMER_OUTDATED: { kind: 'rejected', message: 'Something else happened before that time was up.' },
} as const satisfies Record<string, Refusal>;

/** A code of the catalogue. */
export type RefusalCode = keyof typeof refusals;

/** The error that a decider throws. @example throw refuse('QUEUE_CAPACITY_REACHED', { field: 'queueId', problem: 'is full' }) */
export function refuse(code: RefusalCode, ...fields: readonly FieldProblem[]): DomainError {
  const { kind, message } = refusals[code];
  return new DomainError(code, message, { kind, fields });
}
