import { useEffect, useState } from 'preact/hooks';
import { followFeed } from '../../data/feed.ts';
import { get, serverOffsetMs } from '../../data/rest.ts';
import type { Connection } from '../../model/connection.ts';
import { Announcer } from './announcer.ts';
import { emptyDisplay, received, snapshotLoaded, stands, type Call, type Display } from './display-model.ts';
import { readDisplayMessage, snapshotOf } from './read-display.ts';
import { announce, passed } from './sound.ts';

/**
 * The feed tells that a line has changed, not who comes next: that is asked for at once. Over time there is a pause some
 * times as long as an answer took for each look, so that a busy server is asked less often; a few looks go ahead of it.
 */
const pauseFactor = 4;
const shortestPauseMs = 40;
const longestPauseMs = 1_000;
const looksAhead = 3;
const anywayMs = 10_000;
/** A call is captioned at least so long, before the next one is said. */
const captionMs = 6_000;

export interface DisplayNow {
  readonly shown: Display['shown'];
  /** The call that is said at the moment. */
  readonly said: Call | undefined;
  readonly connection: Connection;
}

/** What the display of a site shows, live, and says one call after the other. */
export function useDisplay(siteId: string): DisplayNow {
  const [shown, setShown] = useState<Display['shown']>();
  const [said, setSaid] = useState<Call>();
  const [connection, setConnection] = useState<Connection>({ open: false, heardAt: undefined });
  useEffect(() => {
    const over = new AbortController();
    let display = emptyDisplay;
    let timer = 0;
    let nextLookAt = -Infinity;
    let looking = false;
    /** The line has changed since the look that is under way began. */
    let changedSince = false;
    let stop: (() => void) | undefined;
    const announcer = new Announcer({
      caption: setSaid,
      announce: async (call) => {
        await Promise.all([announce(call, over.signal), passed(captionMs, over.signal)]);
      },
      stands: (call) => stands(display, call),
    });
    const serverNow = (): number => Date.now() + serverOffsetMs();

    function show(next: Display): void {
      display = { ...next, toSay: [] };
      for (const call of next.toSay) announcer.say(call);
      setShown(next.shown);
    }
    function loadIn(milliseconds: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => void load(), milliseconds);
    }
    async function load(): Promise<void> {
      const begunAt = performance.now();
      looking = true;
      changedSince = false;
      // What the feed has told is in the answer, whichever process gives it.
      const least = display.shown === undefined ? '' : `?minPosition=${display.shown.position}`;
      try {
        const { body } = await get(`/api/public/displays/${encodeURIComponent(siteId)}${least}`, over.signal);
        if (over.signal.aborted) return;
        show(snapshotLoaded(display, snapshotOf(body), serverNow()));
        stop ??= follow();
      } catch {
        // Asked again in a moment.
      }
      const now = performance.now();
      const pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, pauseFactor * (now - begunAt)));
      nextLookAt = Math.max(nextLookAt, now - looksAhead * pauseMs) + pauseMs;
      looking = false;
      if (over.signal.aborted) return;
      if (changedSince) lookSoon();
      else loadIn(stop === undefined ? 2_000 : anywayMs);
    }
    function lookSoon(): void {
      if (looking) changedSince = true;
      else loadIn(Math.max(0, nextLookAt - performance.now()));
    }
    function follow(): () => void {
      return followFeed(`/api/public/stream?${new URLSearchParams({ siteId })}`, {
        read: readDisplayMessage,
        opened: () => setConnection({ open: true, heardAt: Date.now() }),
        closed: () => setConnection((before) => ({ ...before, open: false })),
        received: (messages) => {
          setConnection((before) => ({ ...before, heardAt: Date.now() }));
          for (const message of messages) {
            if (message.type === 'reset') {
              // The server's log is another one: its positions cannot be compared with those before.
              const known = display.shown;
              if (known !== undefined) display = { ...display, shown: { ...known, position: 0 } };
            } else show(received(display, message, serverNow()));
          }
          if (messages.some(({ type }) => type === 'rows' || type === 'lines' || type === 'reset')) {
            lookSoon();
          }
        },
        position: () => display.shown?.position,
      });
    }
    void load();
    return () => {
      announcer.stop();
      over.abort();
      clearTimeout(timer);
      stop?.();
    };
  }, [siteId]);
  return { shown, said, connection };
}
