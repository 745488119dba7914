import { useEffect, useRef, useState } from 'preact/hooks';
import { attempt } from '../../data/act.ts';
import { moment, text, textOrNull } from '../../data/json.ts';
import { RequestFailure } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import type { Slip } from '../../view/ticket-slip.tsx';
import type { KioskQueue } from './kiosk-queues.ts';
import { kioskWords } from './words.ts';

interface WhoAreYouProps {
  readonly queue: KioskQueue;
  readonly onBack: () => void;
  readonly onTicket: (slip: Slip) => void;
}

/** Asks for name and document, both optional, and takes the ticket. */
export function WhoAreYou({ queue, onBack, onTicket }: WhoAreYouProps) {
  const words = useWords(kioskWords);
  const [name, setName] = useState('');
  const [id, setId] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  async function take(): Promise<void> {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await attempt('/api/waiting-room/check-in', {
        queueId: queue.queueId,
        patientName: name.trim() === '' ? words.walkIn : name.trim(),
        consultationType: words.general,
        ...(id === '' ? {} : { patientId: id }),
      });
      onTicket({
        ticket: text(answer['ticket']),
        queueName: queue.name,
        at: moment(answer['arrivedAt']),
        link: textOrNull(answer['link']) ?? undefined,
      });
    } catch (error) {
      // What the staff would read does not belong on a public screen: whose id is known is nobody's business here.
      const refused: { readonly [code: string]: string } = words.refused;
      setProblem((error instanceof RequestFailure ? refused[error.code] : undefined) ?? words.toReception);
      setBusy(false);
    }
  }

  return (
    <form
      class="kiosk-who"
      onSubmit={(event) => {
        event.preventDefault();
        void take();
      }}
    >
      <h1 ref={heading} tabIndex={-1}>
        {queue.name}
      </h1>
      <p class="kiosk-hint">{words.whoHint}</p>
      <label class="field">
        <span>{words.name}</span>
        <input
          name="patientName"
          maxLength={120}
          required={id !== ''}
          pattern=".*\S.*"
          title={words.nameWithId}
          autoComplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{words.id}</span>
        <input
          name="patientId"
          maxLength={20}
          pattern="[A-Za-z0-9.\-]+"
          title={words.idHint}
          autoComplete="off"
          value={id}
          onInput={(event) => setId(event.currentTarget.value)}
        />
      </label>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="kiosk-buttons">
        <button type="button" onClick={onBack}>
          {words.back}
        </button>
        <button type="submit" class="primary" aria-disabled={busy} aria-busy={busy}>
          {words.take}
        </button>
      </div>
    </form>
  );
}
