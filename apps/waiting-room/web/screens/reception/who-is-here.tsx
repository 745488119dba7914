import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { Clinic } from '../../model/clinic.ts';
import type { QueueRow, VisitRow } from '../../model/rows.ts';
import { found, visitsWith } from '../../model/selections.ts';
import { lines, returnable } from '../../model/statuses.ts';
import type { Slip } from '../../view/ticket-slip.tsx';
import { VisitActions } from './visit-actions.tsx';
import { VisitLine } from './visit-line.tsx';
import { receptionWords } from './words.ts';

const inside = ['AT_CASHIER', 'PAYMENT_PENDING', 'CALLED', 'IN_CONSULTATION', 'PARKED'];
const groups = {
  waiting: lines,
  inside,
  absent: returnable,
  all: [...lines, ...inside, ...returnable],
} as const satisfies { readonly [name: string]: readonly string[] };
const groupNames = ['waiting', 'inside', 'absent', 'all'] as const;

/** More would only be scrolled past. */
const mostShown = 60;

interface WhoIsHereProps {
  readonly clinic: Clinic;
  readonly queues: readonly QueueRow[];
  readonly onTicket: (slip: Slip) => void;
}

/** Everybody who is here, to be found by ticket, name or id, and the ways out of the line. */
export function WhoIsHere({ clinic, queues, onTicket }: WhoIsHereProps) {
  const words = useWords(receptionWords);
  const [typed, setTyped] = useState('');
  const [group, setGroup] = useState<(typeof groupNames)[number]>('waiting');
  const [open, setOpen] = useState<string>();
  const search = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'F4' || document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);

  const queueIds = useMemo(() => new Set(queues.map(({ queueId }) => queueId)), [queues]);
  const names = useMemo(() => new Map(queues.map(({ queueId, name }) => [queueId, name])), [queues]);
  const visits = useMemo(
    () => found(visitsWith(clinic, queueIds, groups[group]), typed),
    [clinic, queueIds, group, typed],
  );
  const shown = visits.slice(0, mostShown);
  const opened: VisitRow | undefined = open === undefined ? undefined : clinic.visits?.get(open);
  return (
    <section class="panel who-is-here" aria-labelledby="who-title">
      <div class="section-head">
        <h2 id="who-title">{words.here}</h2>
        <p class="quietly" role="status">
          {words.shown(count(visits.length))}
        </p>
      </div>
      <div class="filters">
        <label class="field search">
          <span>
            {words.search} <kbd aria-hidden="true">F4</kbd>
          </span>
          <input
            ref={search}
            type="search"
            name="search"
            autoComplete="off"
            aria-keyshortcuts="F4"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{words.show}</span>
          <select
            name="group"
            value={group}
            onChange={(event) => setGroup(groupNames.find((name) => name === event.currentTarget.value) ?? 'all')}
          >
            {groupNames.map((name) => (
              <option key={name} value={name}>
                {words.groups[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {shown.length === 0 && <p class="quietly">{typed === '' ? words.none : words.noneFound}</p>}
      <ul class="visit-lines">
        {shown.map((visit) => (
          <VisitLine
            key={visit.visitId}
            visit={visit}
            queueName={names.get(visit.queueId) ?? visit.queueId}
            onOpen={setOpen}
          />
        ))}
      </ul>
      {visits.length > shown.length && <p class="more">{words.more(count(visits.length - shown.length))}</p>}
      {opened !== undefined && (
        <VisitActions
          visit={opened}
          queueName={names.get(opened.queueId) ?? opened.queueId}
          queues={queues}
          onClose={() => setOpen(undefined)}
          onTicket={(slip) => {
            setOpen(undefined);
            onTicket(slip);
          }}
        />
      )}
    </section>
  );
}
