import { useRef, useState } from 'preact/hooks';
import { act } from '../../data/act.ts';
import { serverOffsetMs } from '../../data/rest.ts';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { QueueRow } from '../../model/rows.ts';
import { Action } from '../../view/action.tsx';
import { Modal } from '../../view/modal.tsx';
import { supervisorWords } from './words.ts';

const right = 'POST /api/waiting-room/queues/:queueId/state';
const pauses = ['15', '30', '60', '120'] as const;

/** Opens, pauses and closes a queue. */
export function QueueActions({ queue }: { readonly queue: QueueRow }) {
  const words = useWords(supervisorWords);
  const [asking, setAsking] = useState<'PAUSED' | 'CLOSED'>();
  const { queueId, name, state } = queue;
  const path = `/api/waiting-room/queues/${encodeURIComponent(queueId)}/state`;
  const refusalFor = (wanted: string) => (state === wanted ? words.alreadySo : undefined);
  return (
    <div class="actions">
      <Action
        quiet
        needs={right}
        label={words.ofQueue(words.open, name)}
        refusal={refusalFor('OPEN')}
        onAct={() => act(path, { state: 'OPEN' }, () => words.opened(name))}
      >
        {words.open}
      </Action>
      <Action
        quiet
        needs={right}
        label={words.ofQueue(words.pause, name)}
        refusal={refusalFor('PAUSED')}
        onAct={() => setAsking('PAUSED')}
      >
        {words.pause}
      </Action>
      <Action
        quiet
        kind="danger"
        needs={right}
        label={words.ofQueue(words.close, name)}
        refusal={refusalFor('CLOSED')}
        onAct={() => setAsking('CLOSED')}
      >
        {words.close}
      </Action>
      {asking !== undefined && (
        <StateForm queue={queue} path={path} state={asking} onClose={() => setAsking(undefined)} />
      )}
    </div>
  );
}

interface StateFormProps {
  readonly queue: QueueRow;
  readonly path: string;
  readonly state: 'PAUSED' | 'CLOSED';
  readonly onClose: () => void;
}

/** Why a queue is not open, and for how long. */
function StateForm({ queue, path, state, onClose }: StateFormProps) {
  const words = useWords(supervisorWords);
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState('');
  const [busy, setBusy] = useState(false);
  const end = useRef<{ readonly minutes: string; readonly until: string } | undefined>(undefined);
  const action = state === 'PAUSED' ? words.pause : words.close;

  /** Worked out once for a choice: sent again after a lost answer, the pause has to be the same command. */
  function until(): string {
    if (end.current?.minutes !== minutes) {
      const at = new Date(Date.now() + serverOffsetMs() + Number(minutes) * 60_000);
      end.current = { minutes, until: at.toISOString() };
    }
    return end.current.until;
  }

  async function send(): Promise<void> {
    if (busy) return;
    setBusy(true);
    const body = {
      state,
      ...(reason.trim() === '' ? {} : { reason }),
      ...(state === 'PAUSED' && minutes !== '' ? { until: until() } : {}),
    };
    const done = await act(path, body, () => (state === 'PAUSED' ? words.pausedNow : words.closed)(queue.name));
    setBusy(false);
    if (done !== undefined) onClose();
  }

  return (
    <Modal title={words.ofQueue(action, queue.name)} onClose={onClose}>
      <form
        class="step-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div class="field">
          <label class="field">
            <span>{words.reason}</span>
            <input
              name="reason"
              maxLength={200}
              autoComplete="off"
              aria-describedby="state-reason-hint"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <small id="state-reason-hint">{words.reasonHint}</small>
        </div>
        {state === 'PAUSED' && (
          <label class="field">
            <span>{words.forHowLong}</span>
            <select name="minutes" value={minutes} onChange={(event) => setMinutes(event.currentTarget.value)}>
              <option value="">{words.untilOpened}</option>
              {pauses.map((length) => (
                <option key={length} value={length}>
                  {words.minutes(count(Number(length)))}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="submit" class="primary" aria-disabled={busy}>
          {action}
        </button>
      </form>
    </Modal>
  );
}
