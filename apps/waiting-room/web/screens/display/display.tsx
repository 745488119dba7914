import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { age, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { connectionState, type Connection } from '../../model/connection.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { ConnectionBadge } from '../../view/connection-badge.tsx';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { useNow, useServerNow } from '../../view/ticking.tsx';
import './display.css';
import type { Call } from './display-model.ts';
import { announce, turnSoundOn, watchSound } from './sound.ts';
import { useDisplay } from './use-display.ts';
import { displayWords } from './words.ts';

/** One call is said and captioned at a time, for so long. */
const captionMs = 6_000;
/** As many as are readable from far away. */
const mostCalls = 6;

/** The display on the wall: which ticket goes where. Nothing else is known here. */
export function Display() {
  const words = useWords(displayWords);
  const shell = useWords(shellWords);
  const { siteId } = useSites();
  const { said, say } = useAnnouncements();
  const { shown, connection } = useDisplay(siteId, say);
  const [isSoundOn, setSoundOn] = useState(true);
  useEffect(() => watchSound(setSoundOn), []);
  useWakeLock();
  useEffect(() => {
    document.title = `${shell.screens.display.title} · ${shown?.siteName ?? shell.clinic}`;
  }, [shell, shown?.siteName]);

  return (
    <main class="display" id="content">
      <header class="display-head">
        <h1>{shown?.siteName ?? words.loading}</h1>
        <ConnectionBadge connection={connection} />
        {!isSoundOn && (
          <button type="button" class="primary" onClick={() => void turnSoundOn()}>
            {words.soundOn}
          </button>
        )}
        <LanguageSwitch />
        <Clock />
      </header>
      <Old connection={connection} />
      <p class="display-caption" role="status">
        {said !== undefined && words.goTo(said.ticket, said.name)}
      </p>
      {shown !== undefined && (
        <div class="display-body">
          <section aria-labelledby="display-calls">
            <h2 id="display-calls">{shown.calls.length === 0 ? words.nobody : words.nowCalled}</h2>
            <ol class="display-calls">
              {shown.calls.slice(0, mostCalls).map((call) => (
                <li key={call.ticket} data-status={call.status} data-said={call.ticket === said?.ticket}>
                  <strong>{call.ticket}</strong>
                  <span>{call.name}</span>
                </li>
              ))}
            </ol>
          </section>
          {shown.next.length > 0 && (
            <section class="display-next" aria-labelledby="display-next">
              <h2 id="display-next">{words.next}</h2>
              <ol>
                {shown.next.map((ticket) => (
                  <li key={ticket}>{ticket}</li>
                ))}
              </ol>
            </section>
          )}
        </div>
      )}
    </main>
  );
}

function Clock() {
  return <p class="display-clock">{timeOfDay(useServerNow())}</p>;
}

/** Says how old the display is once the connection is gone for more than a blink. */
function Old({ connection }: { readonly connection: Connection }) {
  const words = useWords(displayWords);
  const now = useNow();
  const { heardAt } = connection;
  const state = connectionState(connection, now);
  const isOld = heardAt !== undefined && state !== 'live' && now - heardAt > 2_000;
  return <div role="alert">{isOld && <p class="banner display-old">{words.stale(age(now - heardAt))}</p>}</div>;
}

/** Says one call after the other. */
function useAnnouncements(): { readonly said: Call | undefined; readonly say: (call: Call) => void } {
  const [said, setSaid] = useState<Call>();
  const waiting = useRef<Call[]>([]);
  const timer = useRef(0);
  const goOn = useCallback(() => {
    const call = waiting.current.shift();
    setSaid(call);
    timer.current = call === undefined ? 0 : setTimeout(goOn, captionMs);
    if (call !== undefined) announce(call);
  }, []);
  const say = useCallback(
    (call: Call) => {
      waiting.current.push(call);
      if (timer.current === 0) goOn();
    },
    [goOn],
  );
  useEffect(() => () => clearTimeout(timer.current), []);
  return { said, say };
}

/** Keeps the screen from going dark, where the browser can; anew whenever the page is seen again. */
function useWakeLock(): void {
  useEffect(() => {
    const keep = (): void => {
      if (!('wakeLock' in navigator) || document.hidden) return;
      navigator.wakeLock.request('screen').catch(() => undefined);
    };
    keep();
    document.addEventListener('visibilitychange', keep);
    return () => document.removeEventListener('visibilitychange', keep);
  }, []);
}
