import { useMemo, useState } from 'preact/hooks';
import { clinicWords, named } from '../../language/clinic-words.ts';
import { age, count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { QueueRow, VisitRow } from '../../model/rows.ts';
import { lines } from '../../model/statuses.ts';
import { everybody, isOverdue, overdueOf, waitingList, type WaitingFilter } from '../../model/supervision.ts';
import { hrefOf } from '../../shell/location.ts';
import { PriorityMark } from '../../view/priority-mark.tsx';
import { priorities } from '../../view/priority-picker.tsx';
import { StepButton } from '../../view/step-button.tsx';
import { Elapsed } from '../../view/ticking.tsx';
import { supervisorWords } from './words.ts';

/** More would only be scrolled past. */
const mostShown = 60;

interface WaitingSectionProps {
  readonly queues: readonly QueueRow[];
  readonly visits: readonly VisitRow[];
  readonly now: number;
}

/** Everybody who waits, who is overdue first, with a filter. */
export function WaitingSection({ queues, visits, now }: WaitingSectionProps) {
  const words = useWords(supervisorWords);
  const shared = useWords(clinicWords);
  const [filter, setFilter] = useState<WaitingFilter>(everybody);
  const names = useMemo(() => new Map(queues.map(({ queueId, name }) => [queueId, name])), [queues]);
  const waiting = waitingList(visits, filter, now);
  const shown = waiting.slice(0, mostShown);
  const change = (part: Partial<WaitingFilter>) => setFilter({ ...filter, ...part });
  return (
    <section class="panel waiting" aria-labelledby="waiting-title">
      <div class="section-head">
        <h2 id="waiting-title">{words.waiting}</h2>
        <p class="quietly">{count(waiting.length)}</p>
      </div>
      <div class="supervisor-filters" role="group" aria-label={words.filters}>
        <Choice
          name="queue"
          title={words.queue}
          all={words.allQueues}
          value={filter.queueId}
          options={queues.map(({ queueId, name }) => [queueId, name])}
          onChange={(queueId) => change({ queueId })}
        />
        <Choice
          name="priority"
          title={words.priority}
          all={words.allPriorities}
          value={filter.priority}
          options={priorities.map((priority) => [priority, shared.priorities[priority]])}
          onChange={(priority) => change({ priority })}
        />
        <Choice
          name="line"
          title={words.line}
          all={words.allLines}
          value={filter.status}
          options={lines.map((line) => [line, shared.statuses[line]])}
          onChange={(status) => change({ status })}
        />
        <label class="tick">
          <input
            type="checkbox"
            name="overdueOnly"
            checked={filter.overdueOnly}
            onChange={(event) => change({ overdueOnly: event.currentTarget.checked })}
          />
          {words.overdueOnly}
        </label>
      </div>
      {shown.length === 0 && <p class="quietly">{words.nobody}</p>}
      <ul class="visit-lines">
        {shown.map((visit) => (
          <li key={visit.visitId} data-visit={visit.visitId} data-overdue={isOverdue(visit, now)}>
            <span class="ticket">{visit.ticket}</span>
            <span class="about">
              <span class="name">{visit.name ?? shared.unnamed}</span>
              <PriorityMark priority={visit.priority} />
              <span class="quietly">
                {names.get(visit.queueId) ?? visit.queueId}, {named(shared.statuses, visit.status)}
              </span>
              <a href={hrefOf(`/visits/${encodeURIComponent(visit.visitId)}`)} aria-label={words.history(visit.ticket)}>
                {words.historyShort}
              </a>
            </span>
            <span class="waited">
              <Elapsed since={visit.waitingSince ?? visit.arrivedAt} />
              <OverdueMark visit={visit} now={now} />
            </span>
            <div class="actions">
              <StepButton step="change-priority" visit={visit} />
              <StepButton step="leave" visit={visit} kind="danger" />
            </div>
          </li>
        ))}
      </ul>
      {waiting.length > shown.length && <p class="more">{words.more(count(waiting.length - shown.length))}</p>}
    </section>
  );
}

/** Which limit is exceeded, and by how much. */
function OverdueMark({ visit, now }: { readonly visit: VisitRow; readonly now: number }) {
  const words = useWords(supervisorWords);
  const overdue = overdueOf(visit, now);
  if (overdue === undefined) return null;
  const by = age(overdue.exceededByMs);
  return (
    <strong class="overdue">
      {overdue.limitMs === 0 ? words.overdueUrgent(by) : words.overdue(age(overdue.limitMs), by)}
    </strong>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly all: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, title: string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ name, title, all, value, options, onChange }: ChoiceProps) {
  return (
    <label class="field">
      <span>{title}</span>
      <select name={name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{all}</option>
        {options.map(([option, shown]) => (
          <option key={option} value={option}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
}
