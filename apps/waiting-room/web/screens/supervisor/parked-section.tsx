import { useWords } from '../../language/language.ts';
import { compareWaiting, type QueueRow, type VisitRow } from '../../model/rows.ts';
import { LineList } from '../../view/line-list.tsx';
import { StepButton } from '../../view/step-button.tsx';
import { supervisorWords } from './words.ts';

interface ParkedSectionProps {
  readonly queues: readonly QueueRow[];
  readonly visits: readonly VisitRow[];
}

/** Who waits for something else than a call, and the way back into the line. Nothing when nobody does. */
export function ParkedSection({ queues, visits }: ParkedSectionProps) {
  const words = useWords(supervisorWords);
  const parked = visits.filter(({ status }) => status === 'PARKED').sort(compareWaiting);
  if (parked.length === 0) return null;
  return (
    <div class="parked">
      <LineList
        visits={parked}
        queues={queues}
        title={words.parked}
        action={(visit) => <StepButton step="resume" visit={visit} />}
      />
    </div>
  );
}
