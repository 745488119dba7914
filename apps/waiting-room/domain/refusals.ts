import { DomainError, type DomainErrorKind, type FieldProblem } from '#millrace';

interface Refusal {
  readonly kind: DomainErrorKind;
  readonly message: string;
}

/** Everything that the waiting room refuses, with its stable code. A code is never renamed or given another meaning. */
export const refusals = {
  VISIT_NOT_FOUND: { kind: 'not-found', message: 'There is no visit with that id.' },
  VISIT_NOT_WAITING: { kind: 'rejected', message: 'The patient is not waiting.' },
  VISIT_NOT_CALLED: {
    kind: 'rejected',
    message: 'The patient has not been called, or the consultation began already.',
  },
  VISIT_NOT_IN_ROOM: { kind: 'rejected', message: 'The patient is in no room.' },
  VISIT_NOT_CANCELLABLE: { kind: 'rejected', message: 'Only a visit before its consultation can be cancelled.' },
  QUEUE_EMPTY: { kind: 'rejected', message: 'Nobody waits in that queue.' },
  QUEUE_NOT_FOUND: { kind: 'not-found', message: 'There is no queue with that id.' },
  QUEUE_CAPACITY_REACHED: { kind: 'rejected', message: 'The queue is full.' },
  PATIENT_ALREADY_WAITING: { kind: 'rejected', message: 'The patient has an open visit in that queue.' },
  PATIENT_IDENTITY_CONFLICT: { kind: 'rejected', message: 'That patient id is known under another name.' },
  QUEUE_PAUSED: { kind: 'rejected', message: 'The queue is paused: nobody is taken in or called.' },
  QUEUE_CLOSED: { kind: 'rejected', message: 'The queue is closed: nobody is taken in any more.' },
  ROOM_OCCUPIED: { kind: 'rejected', message: 'The room holds another patient.' },
  ROOM_INACTIVE: { kind: 'rejected', message: 'The room is not active.' },
} as const satisfies Record<string, Refusal>;

/** A code of the catalogue. */
export type RefusalCode = keyof typeof refusals;

/** The error that a decider throws. @example throw refuse('QUEUE_CAPACITY_REACHED', { field: 'queueId', problem: 'is full' }) */
export function refuse(code: RefusalCode, ...fields: readonly FieldProblem[]): DomainError {
  const { kind, message } = refusals[code];
  return new DomainError(code, message, { kind, fields });
}
