import { clinicWords, named } from '../../language/clinic-words.ts';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { refusalText } from '../../language/refusal-words.ts';
import type { QueueRow } from '../../model/rows.ts';
import { refusalOfCheckIn } from '../../model/selections.ts';
import { receptionWords } from './words.ts';

interface QueueChoiceProps {
  readonly queues: readonly QueueRow[];
  readonly value: string;
  readonly onChange: (queueId: string) => void;
}

/** The queues with how full they are. One that takes nobody in says why; the server has the last word. */
export function QueueChoice({ queues, value, onChange }: QueueChoiceProps) {
  const words = useWords(receptionWords);
  const shared = useWords(clinicWords);
  return (
    <fieldset class="queue-choices">
      <legend>{words.queue}</legend>
      {queues.map((queue) => {
        const refusal = refusalOfCheckIn(queue);
        return (
          <label key={queue.queueId} class="queue-choice" data-refused={refusal !== undefined}>
            <input
              type="radio"
              name="queue"
              value={queue.queueId}
              checked={queue.queueId === value}
              onChange={() => onChange(queue.queueId)}
            />
            <span class="queue-choice-name">{queue.name}</span>
            <span class="queue-choice-state">
              {refusal === undefined
                ? named(shared.queueStates, queue.state)
                : (queue.stateReason ?? refusalText(refusal, refusal))}
            </span>
            <span class="queue-choice-count">
              {queue.maxCapacity === null
                ? words.waiting(count(queue.waitingAll))
                : words.places(count(queue.waitingAll), count(queue.maxCapacity))}
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
