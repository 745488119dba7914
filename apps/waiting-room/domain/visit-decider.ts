import type { Decider } from '#millrace';
import { decideAtCashier, type CashierCommand } from './cashier-steps.ts';
import { decideInConsultation, type ConsultationCommand } from './consultation-steps.ts';
import { momentOf, type VisitEvent } from './events.ts';
import { decideInLine, type LineCommand } from './line-steps.ts';
import { permit } from './transitions.ts';
import { evolveVisit, type Visit } from './visit.ts';

/**
 * What can happen to a visit after the check-in and concerns nothing else. A call (call.ts) concerns a room or desk as
 * well, a return (return.ts) and a transfer (transfer.ts) the patient's other visits.
 */
export type VisitCommand = (ConsultationCommand | CashierCommand | LineCommand) & { readonly visitId: string };

/** Decides what happens to one visit. Its stream is the whole boundary, so visits never wait for each other. */
export const visitDecider: Decider<Visit | undefined, VisitCommand, VisitEvent> = {
  name: 'visit',
  initial: undefined,
  boundary: ({ visitId }) => ({ stream: visitId }),
  evolve: evolveVisit,
  decide(state, command, { now }) {
    const visit = permit(command.type, state);
    const at = momentOf(now);
    switch (command.type) {
      case 'start':
      case 'complete':
      case 'no-show':
      case 'absent-at-consultation':
      case 'call-expired':
        return [decideInConsultation(visit, command, at)];
      case 'record-triage':
      case 'validate-payment':
      case 'payment-pending':
      case 'waive-payment':
      case 'cancel-by-payment':
      case 'absent-at-cashier':
        return [decideAtCashier(visit, command, at)];
      case 'change-priority':
      case 'recall':
      case 'undo-call':
      case 'park':
      case 'resume':
      case 'leave':
      case 'cancel':
        return [decideInLine(visit, command, at)];
    }
  },
};
