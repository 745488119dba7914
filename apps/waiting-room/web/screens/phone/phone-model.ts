/** A visit as its patient sees it. */
export interface PhoneVisit {
  readonly ticket: string;
  readonly siteName: string;
  readonly status: string;
  /** Nothing can happen to the visit any more. */
  readonly isOver: boolean;
  /** Goes up with every call, and with every call once more. */
  readonly calls: number;
  readonly place: number | null;
  readonly estimate: { readonly fromMinutes: number; readonly toMinutes: number } | null;
  readonly unknownBecause: string | null;
  /** Of the room or desk to go to; null when there is none. */
  readonly destination: string | null;
  readonly updatedAt: number;
}

export type Advice = 'go' | 'inside' | 'pay' | 'wait' | 'triage' | 'cashier' | 'parked' | 'missed' | 'ended' | 'over';

const advices: { readonly [status: string]: Advice } = {
  ...{ CALLED: 'go', AT_CASHIER: 'go', IN_CONSULTATION: 'inside', PAYMENT_PENDING: 'pay' },
  ...{ WAITING: 'wait', WAITING_TRIAGE: 'triage', WAITING_CASHIER: 'cashier', PARKED: 'parked' },
  ...{ COMPLETED: 'ended', NO_SHOW: 'missed', CANCELLED_BY_ABSENCE: 'missed' },
};

/** What the patient does now. Whatever is unknown here is over: the reception knows more. */
export function adviceOf({ status }: Pick<PhoneVisit, 'status'>): Advice {
  return advices[status] ?? 'over';
}

/** Whether the patient has been called since, for the first time or once more: the moment to make the phone shake. */
export function isCalledNow(before: PhoneVisit | undefined, after: PhoneVisit): boolean {
  return before !== undefined && adviceOf(after) === 'go' && after.calls > before.calls;
}
