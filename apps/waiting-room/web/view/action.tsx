import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { notify } from '../data/notices.ts';

/** A second tap so soon after the first one was done belongs to it: nobody has seen yet what came of it. */
const sameTapMs = 600;

interface ActionProps {
  readonly children: ComponentChildren;
  /** Runs once: another press while it runs is nothing. */
  readonly onAct: () => unknown;
  /** Why it cannot be done now, in words; undefined when it can. The button stays, and says so. */
  readonly refusal?: string | undefined;
  /** A key that presses the button from anywhere on the screen. A function key: letters belong to those who type. */
  readonly shortcut?: 'F2' | 'F4' | 'F8' | 'F9';
  readonly kind?: 'primary' | 'plain' | 'danger';
  /** For screen readers, when the words on the button need the row beside them. */
  readonly label?: string;
  /** The reason is told when the button is pressed, and not shown below it: for buttons in a row of many. */
  readonly quiet?: boolean;
}

/** A button for a command: busy while it runs, and with a reason instead of silence when it is not possible. */
export function Action({ children, onAct, refusal, shortcut, kind = 'plain', label, quiet = false }: ActionProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const shown = useRef(true);
  const doneAt = useRef(-Infinity);

  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);

  useEffect(() => {
    if (shortcut === undefined) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.key !== shortcut || event.repeat) return;
      event.preventDefault();
      // A dialog that is open has the word.
      if (document.querySelector('dialog[open]') !== null) return;
      button.current?.focus();
      button.current?.click();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [shortcut]);

  async function run(): Promise<void> {
    if (busy || performance.now() - doneAt.current < sameTapMs) return;
    if (refusal !== undefined) {
      notify('failed', refusal);
      return;
    }
    setBusy(true);
    try {
      await onAct();
    } finally {
      doneAt.current = performance.now();
      if (shown.current) setBusy(false);
    }
  }

  const why = refusal !== undefined && !quiet;
  return (
    <div class="action">
      <button
        ref={button}
        type="button"
        class={kind}
        aria-label={label}
        aria-disabled={busy || refusal !== undefined}
        aria-busy={busy}
        aria-describedby={why ? id : undefined}
        aria-keyshortcuts={shortcut}
        title={quiet ? refusal : undefined}
        onClick={() => void run()}
      >
        {children}
      </button>
      {why && (
        <span id={id} class="why">
          {refusal}
        </span>
      )}
    </div>
  );
}
