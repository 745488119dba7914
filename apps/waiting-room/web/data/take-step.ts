import { stepWords } from '../language/step-words.ts';
import { wordsOf } from '../language/language.ts';
import type { VisitRow } from '../model/rows.ts';
import type { Step } from '../model/steps.ts';
import type { Right } from '../shell/roles.ts';
import { act } from './act.ts';

/** What some steps take besides the visit. */
export interface StepFields {
  readonly reason?: string;
  readonly priority?: string;
  readonly toQueueId?: string;
}

const commands = {
  'record-triage': 'record-triage',
  'change-priority': 'change-priority',
  'validate-payment': 'validate-payment',
  'payment-pending': 'mark-payment-pending',
  'waive-payment': 'waive-payment',
  'cancel-by-payment': 'cancel-by-payment',
  'absent-at-cashier': 'mark-absent-at-cashier',
  start: 'start-consultation',
  complete: 'complete-attention',
  'absent-at-consultation': 'mark-absent-at-consultation',
  recall: 'recall',
  'undo-call': 'undo-call',
  park: 'park',
  resume: 'resume',
  return: 'return',
  transfer: 'transfer',
  leave: 'leave',
  cancel: 'cancel',
} as const satisfies { readonly [Name in Step]: string };

/** What a role must be let do to take a step. */
export function rightOf(step: Step): Right {
  return `POST /api/waiting-room/${commands[step]}`;
}

/** Takes a step of a visit, and says what came of it; true when it was accepted and the lists show it. */
export async function takeStep(
  step: Step,
  { visitId, ticket }: Pick<VisitRow, 'visitId' | 'ticket'>,
  fields: StepFields = {},
): Promise<boolean> {
  const { done } = wordsOf(stepWords).steps[step];
  return (await act(`/api/waiting-room/${commands[step]}`, { visitId, ...fields }, () => done(ticket))) !== undefined;
}
