import { useState } from 'preact/hooks';
import type { Board } from './board.ts';
import { waitingCount, type QueueBoard } from './queue-board.ts';
import { strings } from './strings.ts';
import { CheckInForm } from './check-in-form.tsx';
import { Columns } from './columns.tsx';
import { FirstSteps } from './first-steps.tsx';
import { useSelected } from './page-context.ts';
import { QueueCard } from './queue-card.tsx';

const inNaturalOrder = new Intl.Collator('en', { numeric: true }).compare;

/** All queues, and the way into them. */
export function QueuesSection() {
  const queues = useSelected((state) => state.board.queues);
  const showNames = useSelected((state) => state.showNames);
  // Until the reader decides, the form is open as long as nobody is there.
  const [wanted, setWanted] = useState<boolean>();
  const empty = isEmpty(queues);
  const open = wanted ?? empty;
  const cards = [...(queues?.values() ?? [])].sort((a, b) => inNaturalOrder(a.queueId, b.queueId));
  return (
    <section id="queues" class="queues" aria-labelledby="queues-title" tabIndex={-1}>
      <div class="section-head">
        <h2 id="queues-title">{strings.queues}</h2>
        <button
          type="button"
          class={open ? '' : 'primary'}
          aria-expanded={open}
          aria-controls="check-in"
          onClick={() => setWanted(!open)}
        >
          {strings.checkSomebodyIn}
        </button>
      </div>
      <div id="check-in" hidden={!open}>
        <CheckInForm onSend={() => setWanted(true)} queues={cards.map(({ queueId }) => queueId)} />
      </div>
      {queues === undefined && <p class="quietly">{strings.loading}</p>}
      {queues !== undefined && empty && <FirstSteps />}
      <Columns>
        {cards.map((queue) => (
          <QueueCard key={queue.queueId} queue={queue} showNames={showNames} />
        ))}
      </Columns>
    </section>
  );
}

function isEmpty(queues: Board['queues']): boolean {
  return queues !== undefined && [...queues.values()].every(isDeserted);
}

/** Nobody waits, and nobody is in a room. */
function isDeserted(queue: QueueBoard): boolean {
  return waitingCount(queue) === 0 && queue.inRooms.length === 0;
}
