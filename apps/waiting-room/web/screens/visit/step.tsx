import { clinicWords, named } from '../../language/clinic-words.ts';
import { age, count, dayAndTime, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { actorKindOf, type TimelineStep } from '../../model/timeline.ts';
import { priorityName } from '../../view/priority-mark.tsx';
import { reasonWords } from './reason-words.ts';
import { visitWords } from './words.ts';

/** The names of queues, rooms and desks by their ids. */
export interface Names {
  readonly queue: (id: string) => string;
  readonly room: (id: string) => string;
  readonly desk: (id: string) => string;
}

/** One thing that happened to a visit: what, why, when and by whom. */
export function Step({ step, names }: { readonly step: TimelineStep; readonly names: Names }) {
  const words = useWords(visitWords);
  const reasons = useWords(reasonWords);
  const shared = useWords(clinicWords);
  const kind = actorKindOf(step.by);
  const why = reasons[step.type]?.({ ...step.details, byClock: kind === 'clock' ? 1 : 0 }) ?? '';

  function detailOf(name: string, value: string | number): string {
    if (typeof value === 'number') return count(value);
    switch (name) {
      case 'priority':
        return priorityName(value);
      case 'status':
        return named(shared.statuses, value);
      case 'answerBy':
        return timeOfDay(Date.parse(value));
      case 'reason':
        return named(words.reasons, value);
      case 'fromQueueId':
      case 'toQueueId':
        return names.queue(value);
      case 'roomId':
        return names.room(value);
      case 'deskId':
        return names.desk(value);
      default:
        return value;
    }
  }

  return (
    <li data-event={step.type}>
      <time dateTime={new Date(step.at).toISOString()} title={dayAndTime(step.at)}>
        {timeOfDay(step.at)}
      </time>
      <div>
        <h3>{named(words.events, step.type)}</h3>
        {why !== '' && <p class="step-why">{why}</p>}
        <dl class="step-details">
          {Object.entries(step.details).map(([name, value]) => (
            <div key={name}>
              <dt>{named(words.details, name)}</dt>
              <dd>{detailOf(name, value)}</dd>
            </div>
          ))}
        </dl>
        <p class="quietly" title={step.by}>
          {[step.afterMs === null ? '' : words.after(age(step.afterMs)), words.by[kind]]
            .filter((told) => told !== '')
            .join(', ')}
        </p>
      </div>
    </li>
  );
}
