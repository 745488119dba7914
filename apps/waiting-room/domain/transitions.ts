import type { RefusalCode } from './refusals.ts';
import { refuse } from './refusals.ts';
import { isOpen, isSeated, visitStatuses, type VisitStatus } from './status.ts';
import type { Visit } from './visit.ts';

interface Transition {
  readonly from: readonly VisitStatus[];
  readonly otherwise: RefusalCode;
}

const notSeated = visitStatuses.filter((status) => isOpen(status) && !isSeated(status));

/** From which states something may happen, and how it is refused from any other. What is not listed is refused. */
export const transitions = {
  'record-triage': { from: ['WAITING_TRIAGE'], otherwise: 'VISIT_NOT_IN_TRIAGE' },
  'change-priority': { from: notSeated, otherwise: 'VISIT_NOT_WAITING' },

  'call-to-desk': { from: ['WAITING_CASHIER'], otherwise: 'VISIT_NOT_WAITING' },
  'validate-payment': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'payment-pending': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'waive-payment': { from: ['WAITING_CASHIER', 'AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'PAYMENT_NOT_DUE' },
  'cancel-by-payment': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'absent-at-cashier': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },

  call: { from: ['WAITING'], otherwise: 'VISIT_NOT_WAITING' },
  start: { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  complete: { from: ['CALLED', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_IN_ROOM' },
  'no-show': { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  'absent-at-consultation': { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },

  'call-expired': { from: ['CALLED'], otherwise: 'TIMER_OUTDATED' },

  recall: { from: ['AT_CASHIER', 'CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  'undo-call': { from: ['AT_CASHIER', 'CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  park: { from: ['WAITING', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_PARKABLE' },
  resume: { from: ['PARKED'], otherwise: 'VISIT_NOT_PARKED' },
  return: { from: ['NO_SHOW', 'CANCELLED_BY_ABSENCE'], otherwise: 'VISIT_NOT_ABSENT' },
  transfer: { from: [...notSeated, 'CALLED', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_TRANSFERABLE' },
  leave: { from: [...notSeated, 'AT_CASHIER', 'PAYMENT_PENDING', 'CALLED'], otherwise: 'VISIT_NOT_LEAVING' },
  cancel: { from: [...notSeated, 'CALLED'], otherwise: 'VISIT_NOT_CANCELLABLE' },
} as const satisfies { readonly [step: string]: Transition };

/** Everything that can happen to a visit after the check-in. */
export type Step = keyof typeof transitions;

const leadsOn: ReadonlySet<VisitStatus> = new Set(Object.values(transitions).flatMap(({ from }: Transition) => from));

/** No step is listed for it: nothing can happen to the visit any more. */
export const isFinal = (status: VisitStatus): boolean => !leadsOn.has(status);

/** The visit, when there is one and the step is listed for its state. */
export function permit(step: Step, visit: Visit | undefined): Visit {
  if (visit === undefined) throw refuse('VISIT_NOT_FOUND', { field: 'visitId', problem: 'is unknown' });
  const { from, otherwise }: Transition = transitions[step];
  if (!from.includes(visit.status)) throw refuse(otherwise, { field: 'visitId', problem: `is ${visit.status}` });
  return visit;
}
