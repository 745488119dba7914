import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clinicWords } from '../../language/clinic-words.ts';
import { wordsOf } from '../../language/language.ts';
import { strings } from './strings.ts';
import { useCommands } from './page-context.ts';

interface CallNextProps {
  readonly queueId: string;
  readonly queueName: string;
  readonly nobodyWaits: boolean;
}

/** Calls who is next, after asking for the room. The room stays for the next call. */
export function CallNext({ queueId, queueName, nobodyWaits }: CallNextProps) {
  const commands = useCommands();
  const [asking, setAsking] = useState(false);
  const [roomId, setRoomId] = useState('');
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);

  useLayoutEffect(() => {
    // The keyboard goes where the reader looks: into the question, and back to the button.
    if (asking) input.current?.select();
    else if (wasAsking.current) button.current?.focus();
    wasAsking.current = asking;
  }, [asking]);

  async function call(): Promise<void> {
    setBusy(true);
    const called = await commands.callNext(queueId, roomId);
    setBusy(false);
    if (called) setAsking(false);
  }

  if (!asking) {
    return (
      <div class="call-next">
        <button
          ref={button}
          type="button"
          aria-label={strings.callNextIn(queueName)}
          disabled={nobodyWaits}
          onClick={() => setAsking(true)}
        >
          {strings.callNext}
        </button>
      </div>
    );
  }
  return (
    <form
      class="call-next"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) void call();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') setAsking(false);
      }}
    >
      <label class="field">
        <span>{strings.intoRoom}</span>
        <input
          ref={input}
          name="roomId"
          required
          maxLength={40}
          pattern="[A-Za-z0-9._\-]+"
          title={strings.roomHint}
          autoComplete="off"
          value={roomId}
          onInput={(event) => setRoomId(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" aria-disabled={busy}>
        {strings.call}
      </button>
      <button type="button" onClick={() => setAsking(false)}>
        {wordsOf(clinicWords).cancel}
      </button>
    </form>
  );
}
