import { useWords } from '../language/language.ts';
import { stationWords } from '../language/station-words.ts';
import type { QueueRow } from '../model/rows.ts';

interface QueueFilterProps {
  readonly queues: readonly QueueRow[];
  /** Empty for all. */
  readonly value: string;
  readonly onChange: (queueId: string) => void;
}

/** Which queues a screen serves: one, or all of the site. */
export function QueueFilter({ queues, value, onChange }: QueueFilterProps) {
  const words = useWords(stationWords);
  return (
    <label class="field queue-filter">
      <span>{words.queues}</span>
      <select name="queues" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{words.allQueues}</option>
        {queues.map((queue) => (
          <option key={queue.queueId} value={queue.queueId}>
            {queue.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The queues that were chosen: the one, or all when none is or when it is not there. */
export function chosenQueues(queues: readonly QueueRow[], value: string): readonly QueueRow[] {
  const one = queues.filter(({ queueId }) => queueId === value);
  return one.length === 0 ? queues : one;
}
