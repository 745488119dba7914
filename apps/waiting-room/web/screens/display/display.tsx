import { useEffect, useState } from 'preact/hooks';
import { age, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { connectionState, type Connection } from '../../model/connection.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { ConnectionBadge } from '../../view/connection-badge.tsx';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { useNow, useServerNow } from '../../view/ticking.tsx';
import './display.css';
import { turnSoundOn, watchSound, type Sound } from './sound.ts';
import { useDisplay } from './use-display.ts';
import { displayWords } from './words.ts';

/** As many as are readable from far away. */
const mostCalls = 6;

/** The display on the wall: which ticket goes where. Nothing else is known here. */
export function Display() {
  const words = useWords(displayWords);
  const shell = useWords(shellWords);
  const { siteId } = useSites();
  const { shown, said, connection } = useDisplay(siteId);
  const [sound, setSound] = useState<Sound>('on');
  useEffect(() => watchSound(setSound), []);
  useWakeLock();
  useEffect(() => {
    document.title = `${shell.screens.display.title} · ${shown?.siteName ?? shell.clinic}`;
  }, [shell, shown?.siteName]);

  return (
    <main class="display" id="content">
      <header class="display-head">
        <h1>{shown?.siteName ?? words.loading}</h1>
        <ConnectionBadge connection={connection} />
        {sound === 'blocked' && (
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
                <li key={call.callId} data-status={call.status} data-said={call.callId === said?.callId}>
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
