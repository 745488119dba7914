import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { rightOf, takeStep } from '../../data/take-step.ts';
import { clinicWords } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { QueueRow, VisitRow } from '../../model/rows.ts';
import { queuesOf, visitsWith } from '../../model/selections.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Action } from '../../view/action.tsx';
import { Frame } from '../../view/frame.tsx';
import { LineList } from '../../view/line-list.tsx';
import { PriorityPicker } from '../../view/priority-picker.tsx';
import { chosenQueues, QueueFilter } from '../../view/queue-filter.tsx';
import '../../view/station.css';
import { StepButton } from '../../view/step-button.tsx';
import { Elapsed } from '../../view/ticking.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { useKept } from '../../view/use-kept.ts';
import { triageWords } from './words.ts';

/** One patient after the other: how urgent is it? */
export function Triage() {
  const words = useWords(triageWords);
  const shell = useWords(shellWords);
  const { clinic, connection } = useClinic();
  const { siteId } = useSites();
  const [filter, setFilter] = useKept('triage-queues');
  const [taken, setTaken] = useState<string>();
  const queues = useMemo(() => queuesOf(clinic, siteId), [clinic, siteId]);
  const served = useMemo(() => chosenQueues(queues, filter), [queues, filter]);
  const waiting = useMemo(
    () => visitsWith(clinic, new Set(served.map(({ queueId }) => queueId)), ['WAITING_TRIAGE']),
    [clinic, served],
  );
  // Who was taken may be gone meanwhile: another nurse recorded it.
  const at = Math.max(
    0,
    waiting.findIndex(({ visitId }) => visitId === taken),
  );
  const visit = waiting[at];
  const next = waiting.length > 1 ? waiting[(at + 1) % waiting.length] : undefined;
  return (
    <Frame title={shell.screens.triage.title} connection={connection} sites class="station-main">
      <div class="station-head">
        <QueueFilter queues={queues} value={filter} onChange={setFilter} />
      </div>
      <div class="station">
        {visit === undefined ? (
          <section class="panel here">
            <h2>{words.nobody}</h2>
            <p class="quietly">{words.nobodyHint}</p>
          </section>
        ) : (
          <Judgement
            key={visit.visitId}
            visit={visit}
            queues={queues}
            next={next}
            onNext={() => setTaken(next?.visitId)}
          />
        )}
        <LineList
          visits={waiting}
          queues={queues}
          title={words.line}
          action={(other) =>
            other === visit ? (
              <span class="quietly">{words.current}</span>
            ) : (
              <button
                type="button"
                class="quiet"
                aria-label={words.takeTicket(other.ticket)}
                onClick={() => setTaken(other.visitId)}
              >
                {words.take}
              </button>
            )
          }
        />
      </div>
    </Frame>
  );
}

interface JudgementProps {
  readonly visit: VisitRow;
  readonly queues: readonly QueueRow[];
  readonly next: VisitRow | undefined;
  readonly onNext: () => void;
}

function Judgement({ visit, queues, next, onNext }: JudgementProps) {
  const words = useWords(triageWords);
  const shared = useWords(clinicWords);
  const [priority, setPriority] = useState(visit.priority);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // The next patient is in front of the nurse, and the keyboard with them; not so when somebody types elsewhere.
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body || activeElement.closest('.line') !== null) {
      panel.current?.querySelector<HTMLInputElement>('input:checked')?.focus();
    }
  }, []);
  return (
    <section class="panel here" ref={panel} data-visit={visit.visitId} data-status={visit.status}>
      <h2 class="here-ticket">{visit.ticket}</h2>
      <p class="here-name">{visit.name ?? shared.unnamed}</p>
      <p class="here-facts">
        <span>{visit.consultationType}</span>
        <span>{visit.patientId}</span>
        <span>
          {words.hereFor} <Elapsed since={visit.arrivedAt} />
        </span>
      </p>
      <PriorityPicker name="triage" legend={words.howUrgent} value={priority} onChange={setPriority} />
      <div class="actions">
        <Action
          kind="primary"
          shortcut="F8"
          needs={rightOf('record-triage')}
          onAct={() => takeStep('record-triage', visit, { priority })}
        >
          {words.record}
        </Action>
        <Action shortcut="F2" onAct={onNext} refusal={next === undefined ? words.only : undefined}>
          {words.next}
        </Action>
        <StepButton step="transfer" visit={visit} queues={queues} />
      </div>
    </section>
  );
}
