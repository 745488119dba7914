import { useState } from 'preact/hooks';
import { takeStep, type StepFields } from '../data/take-step.ts';
import { clinicWords, named } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';
import { stepWords } from '../language/step-words.ts';
import type { QueueRow, VisitRow } from '../model/rows.ts';
import type { Step } from '../model/steps.ts';
import { Modal } from './modal.tsx';
import { PriorityPicker } from './priority-picker.tsx';

interface StepFormProps {
  readonly step: Step;
  readonly visit: VisitRow;
  readonly queues: readonly QueueRow[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** What a step takes besides the visit: a reason, a priority, a queue; or the question whether it is meant. */
export function StepForm({ step, visit, queues, onClose, onDone }: StepFormProps) {
  const words = useWords(stepWords);
  const clinic = useWords(clinicWords);
  const [reason, setReason] = useState('');
  const [priority, setPriority] = useState(visit.priority);
  const others = queues.filter(({ queueId }) => queueId !== visit.queueId);
  const [toQueueId, setToQueueId] = useState(others[0]?.queueId ?? '');
  const [busy, setBusy] = useState(false);
  const { name } = words.steps[step];
  const suggestions =
    step === 'waive-payment'
      ? words.waiveReasons
      : step === 'change-priority'
        ? words.priorityReasons
        : words.cancelReasons;
  const wantsReason = step === 'change-priority' || step === 'waive-payment' || step === 'cancel';

  async function send(): Promise<void> {
    if (busy) return;
    setBusy(true);
    const fields: StepFields = {
      ...(wantsReason ? { reason } : {}),
      ...(step === 'transfer' ? { toQueueId } : {}),
      ...(step === 'change-priority' ? { priority } : {}),
    };
    const done = await takeStep(step, visit, fields);
    setBusy(false);
    if (done) onDone();
  }

  return (
    <Modal title={words.of(name, visit.ticket)} onClose={onClose}>
      <form
        class="step-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {!wantsReason && step !== 'transfer' && (
          <p>{step === 'leave' || step === 'undo-call' ? words.asks[step] : words.asks.other}</p>
        )}
        {step === 'change-priority' && (
          <PriorityPicker name="new-priority" legend={words.priority} value={priority} onChange={setPriority} />
        )}
        {step === 'transfer' && others.length === 0 && <p>{words.noOtherQueue}</p>}
        {step === 'transfer' && others.length > 0 && (
          <label class="field">
            <span>{words.toQueue}</span>
            <select name="toQueueId" value={toQueueId} onChange={(event) => setToQueueId(event.currentTarget.value)}>
              {others.map((queue) => (
                <option key={queue.queueId} value={queue.queueId} disabled={queue.state === 'CLOSED'}>
                  {queue.state === 'OPEN' ? queue.name : `${queue.name} (${named(clinic.queueStates, queue.state)})`}
                </option>
              ))}
            </select>
          </label>
        )}
        {wantsReason && (
          <>
            <label class="field">
              <span>{words.reason}</span>
              <input
                name="reason"
                required
                maxLength={200}
                pattern=".*\S.*"
                autoComplete="off"
                value={reason}
                aria-describedby="reason-hint"
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </label>
            <p id="reason-hint" class="quietly">
              {words.reasonHint}
            </p>
            <ul class="suggestions">
              {suggestions.map((suggestion) => (
                <li key={suggestion}>
                  <button type="button" class="quiet" onClick={() => setReason(suggestion)}>
                    {suggestion}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
        <button
          type="submit"
          class={step === 'leave' || step === 'cancel' ? 'danger' : 'primary'}
          aria-disabled={busy || (step === 'transfer' && others.length === 0)}
        >
          {name}
        </button>
      </form>
    </Modal>
  );
}
