import { rankOf, type Priority } from './priority.ts';

/**
 * How long a patient waits until the next more urgent ones go first no longer. Without it Low would wait as long as
 * others come; with it, whoever came 45 minutes before goes before a patient one rank above, and Low is overtaken by
 * High for an hour and a half at most. Half of the two hours that triage grants a standard patient, rounded down to
 * what a clinic's clock shows: nobody of them is overtaken for longer than that.
 */
export const agingMsARank = 45 * 60_000;

/** Further than any two arrivals of one day lie apart: no waiting makes up for Urgent. A hundred years. */
const urgentAheadMs = 100 * 365 * 24 * 3_600_000;

/**
 * Who has the lower number is called first; the visit's id decides between equals. `placeAt`: since when the patient
 * has the place, in milliseconds since 1970, which is the arrival unless the patient lost it. The read model keeps the
 * number as `call_order`, so that it and the process count alike.
 */
export function callOrderOf(priority: Priority, placeAt: number): number {
  const rank = rankOf(priority);
  return rank === 0 ? placeAt - urgentAheadMs : placeAt + rank * agingMsARank;
}

/** Negative when `a` is called before `b`. */
export function compareCallOrder(
  a: { readonly callOrder: number; readonly visitId: string },
  b: { readonly callOrder: number; readonly visitId: string },
): number {
  return a.callOrder - b.callOrder || (a.visitId < b.visitId ? -1 : a.visitId > b.visitId ? 1 : 0);
}
