import { clinicWords, named } from '../../language/clinic-words.ts';
import { age, clock, count, dayAndTime, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { actorKindOf, spanMs, stepsOf, type TimelineStep } from '../../model/timeline.ts';
import { hrefOf } from '../../shell/location.ts';
import type { ScreenProps } from '../../shell/screens.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Frame } from '../../view/frame.tsx';
import { PriorityMark, priorityName } from '../../view/priority-mark.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { useHistory, type History } from './use-history.ts';
import './visit.css';
import { visitWords } from './words.ts';

/** One visit, from the door to its end. */
export function Visit({ rest: visitId }: ScreenProps) {
  const words = useWords(visitWords);
  const shell = useWords(shellWords);
  const { clinic, connection } = useClinic();
  // What came live says that there is more to read.
  const position = clinic.visits?.get(visitId)?.position ?? clinic.ended.get(visitId) ?? 0;
  const { history, unknown, problem } = useHistory(visitId, position);
  if (unknown) {
    return (
      <Frame title={words.unknown} class="calm">
        <p>{words.unknownHint}</p>
        <p class="calm-links">
          <a href={hrefOf('/')}>{shell.home}</a>
        </p>
      </Frame>
    );
  }
  const title =
    history === undefined ? shell.screens.visit.title : `${shell.screens.visit.title} ${history.visit.ticket}`;
  return (
    <Frame title={title} connection={connection} class="visit">
      {problem !== undefined && (
        <p class="problem" role="alert">
          {words.failed} {problem}
        </p>
      )}
      {history === undefined ? (
        problem === undefined && <p class="alone">{shell.loading}</p>
      ) : (
        <>
          <Facts history={history} queueName={clinic.queues.get(history.visit.queueId)?.name} />
          <Timeline history={history} />
        </>
      )}
    </Frame>
  );
}

interface FactsProps {
  readonly history: History;
  /** Undefined while the queues are not known. */
  readonly queueName: string | undefined;
}

function Facts({ history: { visit, notes, timeline }, queueName }: FactsProps) {
  const words = useWords(visitWords);
  const shared = useWords(clinicWords);
  const facts = [
    [words.status, named(shared.statuses, visit.status)],
    [words.queue, queueName ?? visit.queueId],
    [words.consultation, visit.consultationType],
    [words.patientId, visit.patientId],
    [words.arrived, dayAndTime(visit.arrivedAt)],
    [words.lasted, clock(spanMs(timeline))],
    ...(notes === null || notes === '' ? [] : [[words.notes, notes] as const]),
  ] as const;
  return (
    <section class="panel" aria-label={visit.ticket}>
      <p class="about">
        <span class="ticket">{visit.ticket}</span>
        <PriorityMark priority={visit.priority} />
        <span class="name">{visit.name ?? shared.unnamed}</span>
      </p>
      <dl class="visit-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Timeline({ history: { timeline } }: { readonly history: History }) {
  const words = useWords(visitWords);
  return (
    <section class="panel" aria-labelledby="timeline-title">
      <h2 id="timeline-title">{words.timeline}</h2>
      <ol class="timeline">
        {stepsOf(timeline).map((step, index) => (
          <Step key={index} step={step} />
        ))}
      </ol>
    </section>
  );
}

function Step({ step }: { readonly step: TimelineStep }) {
  const words = useWords(visitWords);
  const details = Object.entries(step.details);
  const kind = actorKindOf(step.by);
  return (
    <li data-event={step.type}>
      <time dateTime={new Date(step.at).toISOString()} title={dayAndTime(step.at)}>
        {timeOfDay(step.at)}
      </time>
      <div>
        <h3>{named(words.events, step.type)}</h3>
        {details.length > 0 && (
          <dl class="step-details">
            {details.map(([name, value]) => (
              <div key={name}>
                <dt>{named(words.details, name)}</dt>
                <dd>{detailOf(name, value)}</dd>
              </div>
            ))}
          </dl>
        )}
        <p class="quietly" title={step.by}>
          {[step.afterMs === null ? '' : words.after(age(step.afterMs)), words.by[kind]]
            .filter((told) => told !== '')
            .join(', ')}
        </p>
      </div>
    </li>
  );
}

function detailOf(name: string, value: string | number): string {
  if (typeof value === 'number') return count(value);
  if (name === 'priority') return priorityName(value);
  return name === 'answerBy' ? timeOfDay(Date.parse(value)) : value;
}
