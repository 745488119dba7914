import { useEffect } from 'preact/hooks';
import { age, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { shownCalls, type CallRow } from '../../model/calls.ts';
import type { Connection } from '../../model/connection.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { ConnectionBadge } from '../../view/connection-badge.tsx';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { useNow, useServerNow } from '../../view/ticking.tsx';
import { useKept } from '../../view/use-kept.ts';
import './display.css';
import { useDisplay, useLitScreen } from './use-display.ts';
import { displayWords, placeName } from './words.ts';

/** More do not fit in a size that is read from across the room. */
const mostShown = 7;

/** The wall of the waiting room: which ticket goes where. */
export function Display() {
  const words = useWords(displayWords);
  const shell = useWords(shellWords);
  const { siteId } = useSites();
  const [sound, keepSound] = useKept('display-sound');
  const muted = sound === 'off';
  const { board, connection, unknownSite, saying, audible, unlock } = useDisplay(siteId, muted);
  useLitScreen();
  useEffect(() => {
    document.title = `${shell.screens.display.title} · ${shell.clinic}`;
  }, [shell]);
  const calls = shownCalls(board);
  // What is being said stands in the first place, also when somebody else was called meanwhile.
  const now = calls.find(({ ticket }) => ticket === saying?.ticket) ?? calls[0];
  const others = calls.filter((call) => call !== now).slice(0, mostShown);
  return (
    <div class="wall">
      <header class="wall-head">
        <h1>{board.siteName ?? shell.screens.display.title}</h1>
        <ConnectionBadge connection={connection} />
        <div class="wall-tools">
          <LanguageSwitch />
          {audible && (
            <button type="button" class="quiet" onClick={() => keepSound(muted ? 'on' : 'off')}>
              {muted ? words.soundOn : words.soundOff}
            </button>
          )}
        </div>
        <Clock />
      </header>
      {!audible && !muted && (
        <p class="wall-blocked">
          {words.soundBlocked}
          <button type="button" class="primary" onClick={unlock}>
            {words.soundOn}
          </button>
        </p>
      )}
      <OldData connection={connection} />
      <main id="content" class="wall-main" data-others={others.length > 0}>
        {unknownSite ? (
          <Empty title={words.unknownSite} hint={words.unknownSiteHint} />
        ) : now === undefined ? (
          <Empty title={board.siteName === undefined ? shell.loading : words.noCalls} hint={words.noCallsHint} />
        ) : (
          <section class="wall-now" data-saying={saying !== undefined} aria-label={words.calledNow}>
            <Call call={now} />
          </section>
        )}
        {others.length > 0 && (
          <section class="wall-others" aria-label={words.others}>
            <ul>
              {others.map((call) => (
                <li key={call.ticket}>
                  <Call call={call} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </main>
      <p class="wall-caption" role="status">
        {saying !== undefined && words.caption(saying.ticket, placeName(words, saying.kind, saying.place))}
      </p>
      {board.next.length > 0 && (
        <section class="wall-next" aria-labelledby="wall-next">
          <h2 id="wall-next">{words.next}</h2>
          <ul>
            {board.next.map((ticket) => (
              <li key={ticket}>{ticket}</li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Call({ call }: { readonly call: CallRow }) {
  const words = useWords(displayWords);
  return (
    <p class="wall-call" data-ticket={call.ticket} data-status={call.status}>
      <strong>{call.ticket}</strong>
      <span>{placeName(words, call.kind, call.place)}</span>
    </p>
  );
}

function Empty({ title, hint }: { readonly title: string; readonly hint: string }) {
  return (
    <section class="wall-empty">
      <p>{title}</p>
      <p>{hint}</p>
    </section>
  );
}

function Clock() {
  const now = useServerNow();
  return (
    <time class="wall-clock" dateTime={new Date(now).toISOString()}>
      {timeOfDay(now)}
    </time>
  );
}

/** Whoever reads the wall must know that it shows the past. */
function OldData({ connection }: { readonly connection: Connection }) {
  const words = useWords(displayWords);
  const now = useNow();
  const { heardAt, open } = connection;
  // A moment without a word is nothing; the feed says something every 15 seconds.
  const old = heardAt !== undefined && now - heardAt >= (open ? 30_000 : 3_000);
  return <div role="alert">{old && <p class="banner wall-old">{words.noLink(age(now - heardAt))}</p>}</div>;
}
