/** What may happen to a visit in which status, and the code with which it is refused otherwise. A test compares it with the domain's table. */
const notSeated = ['WAITING_TRIAGE', 'WAITING_CASHIER', 'WAITING', 'PARKED'];

export const steps = {
  'record-triage': { from: ['WAITING_TRIAGE'], otherwise: 'VISIT_NOT_IN_TRIAGE' },
  'change-priority': { from: notSeated, otherwise: 'VISIT_NOT_WAITING' },
  'validate-payment': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'payment-pending': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'waive-payment': { from: ['WAITING_CASHIER', 'AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'PAYMENT_NOT_DUE' },
  'cancel-by-payment': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  'absent-at-cashier': { from: ['AT_CASHIER', 'PAYMENT_PENDING'], otherwise: 'VISIT_NOT_AT_CASHIER' },
  start: { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  complete: { from: ['CALLED', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_IN_ROOM' },
  'absent-at-consultation': { from: ['CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  recall: { from: ['AT_CASHIER', 'CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  'undo-call': { from: ['AT_CASHIER', 'CALLED'], otherwise: 'VISIT_NOT_CALLED' },
  park: { from: ['WAITING', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_PARKABLE' },
  resume: { from: ['PARKED'], otherwise: 'VISIT_NOT_PARKED' },
  return: { from: ['NO_SHOW', 'CANCELLED_BY_ABSENCE'], otherwise: 'VISIT_NOT_ABSENT' },
  transfer: { from: [...notSeated, 'CALLED', 'IN_CONSULTATION'], otherwise: 'VISIT_NOT_TRANSFERABLE' },
  leave: { from: [...notSeated, 'AT_CASHIER', 'PAYMENT_PENDING', 'CALLED'], otherwise: 'VISIT_NOT_LEAVING' },
  cancel: { from: [...notSeated, 'CALLED'], otherwise: 'VISIT_NOT_CANCELLABLE' },
} as const satisfies { readonly [step: string]: { readonly from: readonly string[]; readonly otherwise: string } };

export type Step = keyof typeof steps;

/** The code with which a step would be refused for a visit in that status; undefined when it is permitted. */
export function refusalOf(step: Step, status: string): string | undefined {
  const { from, otherwise }: { readonly from: readonly string[]; readonly otherwise: string } = steps[step];
  return from.includes(status) ? undefined : otherwise;
}

/** A patient may try to pay so often. */
export const paymentAttempts = 3;

/** Whether a visit may be given up for payment: only after all attempts. The code of the refusal, or undefined. */
export function refusalOfGivingUp(status: string, attempts: number): string | undefined {
  return refusalOf('cancel-by-payment', status) ?? (attempts < paymentAttempts ? 'PAYMENT_ATTEMPTS_LEFT' : undefined);
}

/** Whether one more failed attempt may be recorded. The code of the refusal, or undefined. */
export function refusalOfAttempt(status: string, attempts: number): string | undefined {
  return (
    refusalOf('payment-pending', status) ?? (attempts >= paymentAttempts ? 'PAYMENT_ATTEMPTS_EXHAUSTED' : undefined)
  );
}
