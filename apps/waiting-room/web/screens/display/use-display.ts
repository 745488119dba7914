import { useEffect, useState } from 'preact/hooks';
import { followFeed } from '../../data/feed.ts';
import { get } from '../../data/rest.ts';
import type { Connection } from '../../model/connection.ts';
import { emptyDisplay, received, snapshotLoaded, type Call, type Display } from './display-model.ts';
import { readDisplayMessage, snapshotOf } from './read-display.ts';

/** Who comes next is no part of the live feed: it is asked for after a change, and in any case so often. */
const afterChangeMs = 500;
const anywayMs = 10_000;

/** What the display of a site shows, live. `say` hears of every call once. */
export function useDisplay(
  siteId: string,
  say: (call: Call) => void,
): { readonly shown: Display['shown']; readonly connection: Connection } {
  const [shown, setShown] = useState<Display['shown']>();
  const [connection, setConnection] = useState<Connection>({ open: false, heardAt: undefined });
  useEffect(() => {
    const over = new AbortController();
    let display = emptyDisplay;
    let timer = 0;
    let stop: (() => void) | undefined;

    function show(next: Display): void {
      for (const call of next.toSay) say(call);
      display = { ...next, toSay: [] };
      setShown(next.shown);
    }
    function loadIn(milliseconds: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => void load(), milliseconds);
    }
    async function load(): Promise<void> {
      try {
        const { body } = await get(`/api/public/displays/${encodeURIComponent(siteId)}`, over.signal);
        if (over.signal.aborted) return;
        show(snapshotLoaded(display, snapshotOf(body)));
        stop ??= follow();
      } catch {
        // Asked again in a moment.
      }
      if (!over.signal.aborted) loadIn(stop === undefined ? 2_000 : anywayMs);
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
            } else show(received(display, message));
          }
          if (messages.some(({ type }) => type === 'rows' || type === 'reset')) loadIn(afterChangeMs);
        },
        position: () => display.shown?.position,
      });
    }
    void load();
    return () => {
      over.abort();
      clearTimeout(timer);
      stop?.();
    };
  }, [siteId, say]);
  return { shown, connection };
}
