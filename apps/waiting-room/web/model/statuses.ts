/** The lines in which people wait, in the order in which they come. */
export const lines = ['WAITING_TRIAGE', 'WAITING_CASHIER', 'WAITING'] as const;
export type LineName = (typeof lines)[number];

/** Who is given up for not coming may return, so staff keep seeing them. */
export const returnable = ['NO_SHOW', 'CANCELLED_BY_ABSENCE'] as const;

const kept: ReadonlySet<string> = new Set([
  ...lines,
  ...returnable,
  'AT_CASHIER',
  'PAYMENT_PENDING',
  'CALLED',
  'IN_CONSULTATION',
  'PARKED',
]);

/** Somebody that the staff's screens show. */
export function isKept(status: string): boolean {
  return kept.has(status);
}

/** Stands in one of the lines. */
export function isInLine(status: string): boolean {
  return lines.some((line) => line === status);
}
