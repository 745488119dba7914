import { useState } from 'preact/hooks';
import { act } from '../../data/act.ts';
import { useWords } from '../../language/language.ts';
import type { VisitRow } from '../../model/rows.ts';
import { isWalkIn } from '../../model/selections.ts';
import { Action } from '../../view/action.tsx';
import { Modal } from '../../view/modal.tsx';
import { receptionWords } from './words.ts';

interface IdentifyProps {
  readonly visit: VisitRow;
  readonly onDone: () => void;
}

/** Says who somebody is that came without an id. */
export function IdentifyButton({ visit, onDone }: IdentifyProps) {
  const words = useWords(receptionWords);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Action
        needs="POST /api/waiting-room/identify"
        label={words.identifyOne(visit.ticket)}
        refusal={isWalkIn(visit) ? undefined : words.identified}
        onAct={() => setAsking(true)}
      >
        {words.identify}
      </Action>
      {asking && <IdentifyForm visit={visit} onDone={onDone} onClose={() => setAsking(false)} />}
    </>
  );
}

function IdentifyForm({ visit, onDone, onClose }: IdentifyProps & { readonly onClose: () => void }) {
  const words = useWords(receptionWords);
  const [patientId, setPatientId] = useState('');
  const [patientName, setPatientName] = useState(visit.name ?? '');
  const [busy, setBusy] = useState(false);

  async function send(): Promise<void> {
    if (busy) return;
    setBusy(true);
    const name = patientName.trim();
    const body = { visitId: visit.visitId, patientId, ...(name === '' ? {} : { patientName: name }) };
    const answer = await act('/api/waiting-room/identify', body, () => words.identifiedNow(visit.ticket));
    setBusy(false);
    if (answer !== undefined) onDone();
  }

  return (
    <Modal title={words.identifyOne(visit.ticket)} onClose={onClose}>
      <form
        class="step-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="quietly">{words.identifyHint}</p>
        <label class="field">
          <span>{words.patientId}</span>
          <input
            name="identifiedId"
            required
            maxLength={20}
            pattern="[A-Za-z0-9.\-]+"
            title={words.idHint}
            autoComplete="off"
            value={patientId}
            onInput={(event) => setPatientId(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{words.patientName}</span>
          <input
            name="identifiedName"
            maxLength={120}
            autoComplete="off"
            value={patientName}
            onInput={(event) => setPatientName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" aria-disabled={busy}>
          {words.identify}
        </button>
      </form>
    </Modal>
  );
}
