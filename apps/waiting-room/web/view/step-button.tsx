import { useState } from 'preact/hooks';
import { rightOf, takeStep } from '../data/take-step.ts';
import { useWords } from '../language/language.ts';
import { refusalText } from '../language/refusal-words.ts';
import { stepWords } from '../language/step-words.ts';
import type { QueueRow, VisitRow } from '../model/rows.ts';
import { refusalOf, type Step } from '../model/steps.ts';
import { Action } from './action.tsx';
import { StepForm } from './step-form.tsx';

interface StepButtonProps {
  readonly step: Step;
  readonly visit: VisitRow;
  /** Where a transfer may lead. */
  readonly queues?: readonly QueueRow[];
  /** A reason besides the visit's status, as a code of the API. */
  readonly otherRefusal?: string | undefined;
  readonly shortcut?: 'F2' | 'F4' | 'F8' | 'F9';
  readonly kind?: 'primary' | 'plain' | 'danger';
  /** One of many in a row: that the step is not one for now is not written below it. */
  readonly compact?: boolean;
  /** Asks before the step is taken, although it needs nothing more: for those who are not where the patient is. */
  readonly confirm?: boolean;
  readonly onDone?: () => void;
}

/** Steps that need something more, and one that nobody can take back. */
const asksFirst: ReadonlySet<Step> = new Set(['change-priority', 'waive-payment', 'transfer', 'cancel', 'leave']);

/** Takes a step of a visit. Asks first for what the step needs, and says why when it is not permitted. */
export function StepButton({
  step,
  visit,
  queues = [],
  otherRefusal,
  shortcut,
  kind,
  compact = false,
  confirm = false,
  onDone,
}: StepButtonProps) {
  const words = useWords(stepWords);
  const [asking, setAsking] = useState(false);
  const notNow = refusalOf(step, visit.status);
  const code = notNow ?? otherRefusal;
  const { name } = words.steps[step];

  async function take(): Promise<void> {
    if (confirm || asksFirst.has(step)) {
      setAsking(true);
    } else if (await takeStep(step, visit)) {
      onDone?.();
    }
  }

  return (
    <>
      <Action
        onAct={take}
        needs={rightOf(step)}
        quiet={compact && notNow !== undefined}
        refusal={code === undefined ? undefined : refusalText(code, code)}
        label={words.of(name, visit.ticket)}
        {...(shortcut === undefined ? {} : { shortcut })}
        {...(kind === undefined ? {} : { kind })}
      >
        {name}
      </Action>
      {asking && (
        <StepForm
          step={step}
          visit={visit}
          queues={queues}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onDone?.();
          }}
        />
      )}
    </>
  );
}
