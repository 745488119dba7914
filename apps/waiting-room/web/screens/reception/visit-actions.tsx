import { notify } from '../../data/notices.ts';
import { fieldsOf, textOrNull } from '../../data/json.ts';
import { get } from '../../data/rest.ts';
import { clinicWords, named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { QueueRow, VisitRow } from '../../model/rows.ts';
import { Action } from '../../view/action.tsx';
import { Modal } from '../../view/modal.tsx';
import { StepButton } from '../../view/step-button.tsx';
import type { Slip } from '../../view/ticket-slip.tsx';
import { IdentifyButton } from './identify-button.tsx';
import { receptionWords } from './words.ts';

interface VisitActionsProps {
  readonly visit: VisitRow;
  readonly queueName: string;
  readonly queues: readonly QueueRow[];
  readonly onClose: () => void;
  readonly onTicket: (slip: Slip) => void;
}

const offered = ['change-priority', 'transfer', 'return', 'resume', 'leave', 'cancel'] as const;

/** What reception can do for one patient; what is not possible now says why. */
export function VisitActions({ visit, queueName, queues, onClose, onTicket }: VisitActionsProps) {
  const words = useWords(receptionWords);
  const shared = useWords(clinicWords);

  async function ticketAgain(): Promise<void> {
    const path = `/api/waiting-room/visits/${encodeURIComponent(visit.visitId)}/link`;
    const link = await get(path).then(
      ({ body }) => textOrNull(fieldsOf(body)['link']) ?? undefined,
      () => undefined,
    );
    if (link === undefined) notify('failed', words.linkFailed);
    onTicket({ ticket: visit.ticket, queueName, at: visit.arrivedAt, link });
  }

  return (
    <Modal title={`${visit.ticket} ${visit.name ?? shared.unnamed}`} onClose={onClose}>
      <p class="quietly">
        {queueName}, {named(shared.statuses, visit.status)}
      </p>
      <div class="actions stacked">
        <Action needs="GET /api/waiting-room/visits/:visitId/link" onAct={ticketAgain}>
          {words.ticketAgain}
        </Action>
        <IdentifyButton visit={visit} onDone={onClose} />
        {offered.map((step) => (
          <StepButton
            key={step}
            step={step}
            visit={visit}
            queues={queues}
            kind={step === 'cancel' || step === 'leave' ? 'danger' : 'plain'}
            onDone={onClose}
          />
        ))}
      </div>
      <a href={`/visits/${encodeURIComponent(visit.visitId)}`}>{words.history}</a>
    </Modal>
  );
}
