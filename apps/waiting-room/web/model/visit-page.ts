/**
 * A visit as its patient may see it on a phone: nothing that says who it is, or what for. Not even the name of the
 * queue, which may be a speciality: somebody else may look on. Times in milliseconds.
 */
export interface VisitPage {
  readonly ticket: string;
  readonly siteName: string;
  readonly status: string;
  /** 1 for who is next; null for who does not wait. */
  readonly place: number | null;
  readonly estimate: { readonly fromMinutes: number; readonly toMinutes: number } | null;
  readonly unknownBecause: string | null;
  readonly destination: { readonly kind: 'room' | 'desk'; readonly name: string } | null;
  readonly arrivedAt: number;
}

/** What the patient is to do now. */
export type Advice = 'wait' | 'next' | 'go' | 'inside' | 'parked' | 'absent' | 'ended';

const waiting: ReadonlySet<string> = new Set(['WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER']);
const absent: ReadonlySet<string> = new Set(['NO_SHOW', 'CANCELLED_BY_ABSENCE']);

export function adviceOf({ status, place, destination }: VisitPage): Advice {
  if (waiting.has(status)) return place === 1 ? 'next' : 'wait';
  if (status === 'CALLED' || status === 'AT_CASHIER' || status === 'PAYMENT_PENDING') {
    return destination === null ? 'next' : 'go';
  }
  if (status === 'IN_CONSULTATION') return 'inside';
  if (status === 'PARKED') return 'parked';
  return absent.has(status) ? 'absent' : 'ended';
}

/** Nothing more will come of the visit by itself. Who was given up may still come back. */
export function isOver(page: VisitPage): boolean {
  return adviceOf(page) === 'ended';
}

/** What is worth a buzz: to be called, to be called elsewhere, to be next. */
export function newsOf(before: VisitPage | undefined, page: VisitPage): 'go' | 'next' | undefined {
  const advice = adviceOf(page);
  if (before === undefined || (advice !== 'go' && advice !== 'next')) return undefined;
  const moved =
    before.destination?.name !== page.destination?.name || before.destination?.kind !== page.destination?.kind;
  return adviceOf(before) !== advice || (advice === 'go' && moved) ? advice : undefined;
}
