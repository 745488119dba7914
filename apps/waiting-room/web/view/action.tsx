import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { notify } from '../data/notices.ts';
import { clinicWords } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';
import { useMay } from '../shell/account.ts';
import type { Right } from '../shell/roles.ts';

/**
 * A second tap so soon after the first one was done belongs to it: nobody has seen yet what came of it. Until then the
 * button is dimmed, and a tap that was not taken is answered in words.
 */
const sameTapMs = 600;
/** So long those words are shown. */
const ignoredShownMs = 4_000;

interface ActionProps {
  readonly children: ComponentChildren;
  /** Runs once: another press while it runs is nothing. */
  readonly onAct: () => unknown;
  /** What the reader's role must be let do; without that right there is no button. */
  readonly needs?: Right;
  /** Why it cannot be done now, in words; undefined when it can. The button stays, and says so. */
  readonly refusal?: string | undefined;
  /** A key that presses the button from anywhere on the screen. A function key: letters belong to those who type. */
  readonly shortcut?: 'F2' | 'F4' | 'F8' | 'F9';
  readonly kind?: 'primary' | 'plain' | 'danger';
  /** For screen readers, when the words on the button need the row beside them. */
  readonly label?: string;
  /** The reason is read out and told when the button is pressed, and not shown below it: for buttons in a row of many. */
  readonly quiet?: boolean;
}

/** A button for a command: busy while it runs, and with a reason instead of silence when it is not possible. */
export function Action({ needs, ...action }: ActionProps) {
  const may = useMay();
  return needs === undefined || may(needs) ? <ActionButton {...action} /> : null;
}

function ActionButton({
  children,
  onAct,
  refusal,
  shortcut,
  kind = 'plain',
  label,
  quiet = false,
}: Omit<ActionProps, 'needs'>) {
  const words = useWords(clinicWords);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const { phase, ignored, run } = useOnce(onAct, refusal);

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

  return (
    <div class="action">
      <button
        ref={button}
        type="button"
        class={kind}
        aria-label={label}
        aria-disabled={phase !== 'ready' || refusal !== undefined}
        aria-busy={phase === 'busy'}
        data-phase={phase}
        aria-describedby={refusal === undefined ? undefined : id}
        aria-keyshortcuts={shortcut}
        title={quiet ? refusal : undefined}
        onClick={() => void run()}
      >
        {children}
      </button>
      {refusal !== undefined && (
        <span id={id} class={quiet ? 'unseen' : 'why'}>
          {refusal}
        </span>
      )}
      {ignored && (
        <span class="ignored" role="alert">
          {words.sameTap}
        </span>
      )}
    </div>
  );
}

/** Runs a command once, whatever is tapped meanwhile and just after it. */
function useOnce(onAct: () => unknown, refusal: string | undefined) {
  const [phase, setPhase] = useState<'ready' | 'busy' | 'settling'>('ready');
  const [ignored, setIgnored] = useState(false);
  const running = useRef(false);
  const shown = useRef(true);
  const doneAt = useRef(-Infinity);
  const timers = useRef(new Set<number>());

  useEffect(() => {
    shown.current = true;
    const { current } = timers;
    return () => {
      shown.current = false;
      for (const timer of current) clearTimeout(timer);
      current.clear();
    };
  }, []);

  function later(what: () => void, ms: number): void {
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      what();
    }, ms);
    timers.current.add(timer);
  }

  async function run(): Promise<void> {
    // Not by what is drawn: two taps may come before the next drawing.
    if (running.current) return;
    if (performance.now() - doneAt.current < sameTapMs) {
      if (!ignored) later(() => setIgnored(false), ignoredShownMs);
      setIgnored(true);
      return;
    }
    if (refusal !== undefined) {
      notify('failed', refusal);
      return;
    }
    setIgnored(false);
    running.current = true;
    setPhase('busy');
    try {
      await onAct();
    } finally {
      running.current = false;
      doneAt.current = performance.now();
      if (shown.current) {
        setPhase('settling');
        later(() => setPhase('ready'), sameTapMs);
      }
    }
  }
  return { phase, ignored, run };
}
