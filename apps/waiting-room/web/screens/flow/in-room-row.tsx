import { useState } from 'preact/hooks';
import type { VisitRow } from '../../model/rows.ts';
import { clinicWords } from '../../language/clinic-words.ts';
import { wordsOf } from '../../language/language.ts';
import { strings } from './strings.ts';
import { useCommands } from './page-context.ts';
import { Elapsed } from '../../view/ticking.tsx';

/** Somebody who was called: the ticket and the room, large enough to find the way. */
export function InRoomRow({ visit, showName }: { readonly visit: VisitRow; readonly showName: boolean }) {
  const commands = useCommands();
  const [busy, setBusy] = useState(false);

  async function complete(): Promise<void> {
    setBusy(true);
    await commands.complete(visit.visitId);
    setBusy(false);
  }

  return (
    <li data-visit={visit.visitId}>
      <span class="ticket">{visit.ticket}</span>
      <span class="to" aria-hidden="true" />
      <span class="room">{wordsOf(clinicWords).room(visit.roomId ?? '')}</span>
      <span class="room-actions">
        <span class="since">
          {showName && <span class="name">{visit.name ?? wordsOf(clinicWords).unnamed}</span>}
          {visit.status === 'IN_CONSULTATION' ? wordsOf(clinicWords).statuses.IN_CONSULTATION : strings.called}
          {visit.calledAt !== null && <Elapsed since={visit.calledAt} />}
        </span>
        <button
          type="button"
          aria-label={strings.completeTicket(visit.ticket)}
          aria-disabled={busy}
          onClick={() => {
            if (!busy) void complete();
          }}
        >
          {strings.complete}
        </button>
      </span>
    </li>
  );
}
