import type { Priority } from './priority.ts';

/** Where a queue sends its patients before the consultation. */
export interface Stages {
  readonly triage: boolean;
  readonly cashier: boolean;
}

export const noStages: Stages = { triage: false, cashier: false };

/** What comes before the consultation, in this order. Who is urgent does not go to the cashier first. */
export function pathOf({ triage, cashier }: Stages, priority: Priority): ('TRIAGE' | 'CASHIER')[] {
  const path: ('TRIAGE' | 'CASHIER')[] = triage ? ['TRIAGE'] : [];
  return cashier && priority !== 'Urgent' ? [...path, 'CASHIER'] : path;
}
