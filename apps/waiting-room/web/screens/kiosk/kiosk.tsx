import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../../language/language.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import type { Slip } from '../../view/ticket-slip.tsx';
import { KioskTicket } from './kiosk-ticket.tsx';
import './kiosk.css';
import { useKioskQueues, type KioskQueue } from './kiosk-queues.ts';
import { WhoAreYou } from './who-are-you.tsx';
import { kioskWords } from './words.ts';

/** Who walks away leaves nothing on the screen. */
const idleMs = 60_000;

/** Patients take a ticket themselves: what for, who, the ticket. Then it is ready for the next one. */
export function Kiosk() {
  const words = useWords(kioskWords);
  const shell = useWords(shellWords);
  const { siteId } = useSites();
  const queues = useKioskQueues(siteId);
  const [queue, setQueue] = useState<KioskQueue>();
  const [slip, setSlip] = useState<Slip>();
  const heading = useRef<HTMLHeadingElement>(null);
  const begin = useCallback(() => {
    setQueue(undefined);
    setSlip(undefined);
  }, []);
  useIdle(queue !== undefined && slip === undefined, begin);
  useEffect(() => {
    document.title = `${shell.screens.kiosk.title} · ${shell.clinic}`;
  }, [shell]);
  useEffect(() => {
    heading.current?.focus();
  }, [queue, slip]);

  return (
    <main class="kiosk" id="content">
      <div class="kiosk-head">
        <LanguageSwitch />
      </div>
      {slip !== undefined ? (
        <KioskTicket slip={slip} onDone={begin} />
      ) : queue !== undefined ? (
        <WhoAreYou queue={queue} onBack={begin} onTicket={setSlip} />
      ) : (
        <>
          <h1 ref={heading} tabIndex={-1}>
            {queues === undefined ? words.loading : queues.length === 0 ? words.noQueues : words.welcome}
          </h1>
          {queues?.length === 0 && <p class="kiosk-hint">{words.toReception}</p>}
          <ul class="kiosk-queues">
            {queues?.map((open) => (
              <li key={open.queueId}>
                <button type="button" onClick={() => setQueue(open)}>
                  {open.name}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </main>
  );
}

/** Calls back when nobody touched or typed anything for a while. */
function useIdle(watched: boolean, onIdle: () => void): void {
  useEffect(() => {
    if (!watched) return undefined;
    let timer = setTimeout(onIdle, idleMs);
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(onIdle, idleMs);
    };
    document.addEventListener('pointerdown', again);
    document.addEventListener('keydown', again);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerdown', again);
      document.removeEventListener('keydown', again);
    };
  }, [watched, onIdle]);
}
