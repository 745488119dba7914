import type { ComponentChildren } from 'preact';
import { clinicWords } from '../language/clinic-words.ts';
import { count } from '../language/format.ts';
import { useWords } from '../language/language.ts';
import { stationWords } from '../language/station-words.ts';
import type { QueueRow, VisitRow } from '../model/rows.ts';
import { PriorityMark } from './priority-mark.tsx';
import { Elapsed } from './ticking.tsx';

/** Nobody looks further down a line from a desk or a room. */
const mostShown = 12;

interface LineListProps {
  readonly visits: readonly VisitRow[];
  readonly queues: readonly QueueRow[];
  readonly title: string;
  /** What can be done for each. */
  readonly action?: (visit: VisitRow) => ComponentChildren;
}

/** The first of a line, in the order in which they are called. */
export function LineList({ visits, queues, title, action }: LineListProps) {
  const words = useWords(stationWords);
  const shared = useWords(clinicWords);
  const names = new Map(queues.map(({ queueId, name }) => [queueId, name]));
  const shown = visits.slice(0, mostShown);
  return (
    <section class="panel line" aria-label={title}>
      <div class="section-head">
        <h2>{title}</h2>
        <p class="quietly">{count(visits.length)}</p>
      </div>
      {shown.length === 0 && <p class="quietly">{words.emptyLine}</p>}
      <ol class="visit-lines">
        {shown.map((visit) => (
          <li key={visit.visitId} data-visit={visit.visitId}>
            <span class="ticket">{visit.ticket}</span>
            <span class="about">
              <span class="name">{visit.name ?? shared.unnamed}</span>
              <PriorityMark priority={visit.priority} />
              <span class="quietly">{names.get(visit.queueId) ?? visit.queueId}</span>
            </span>
            <Elapsed since={visit.arrivedAt} />
            {action?.(visit)}
          </li>
        ))}
      </ol>
      {visits.length > shown.length && <p class="more">{words.more(count(visits.length - shown.length))}</p>}
    </section>
  );
}
