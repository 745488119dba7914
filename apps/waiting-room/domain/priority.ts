/** From the most to the least urgent; the order in which patients are called. */
export const priorities = ['Urgent', 'High', 'Medium', 'Low'] as const;

export type Priority = (typeof priorities)[number];

const byLowerCase: ReadonlyMap<string, Priority> = new Map(priorities.map((name) => [name.toLowerCase(), name]));

/** The priority that a text names in any letter case; undefined when it names none. @example parsePriority('HIGH') // 'High' */
export function parsePriority(text: string): Priority | undefined {
  return byLowerCase.get(text.trim().toLowerCase());
}

/** 0 for Urgent up to 3 for Low: who comes first has the lower rank. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority);
}

/** So long may somebody wait, in milliseconds; afterwards it is too long. */
const longestWait: { readonly [Name in Priority]: number } = {
  Urgent: 0,
  High: 15 * 60_000,
  Medium: 60 * 60_000,
  Low: 120 * 60_000,
};

/** Whether somebody has waited too long. `since` and `now`: milliseconds since 1970. */
export function isOverdue(priority: Priority, since: number, now: number): boolean {
  return now - since > longestWait[priority];
}
