import { retryDelayMs, staleAfterMs } from '../model/connection.ts';
import type { FeedMessage } from '../model/rows.ts';
import { readFeedMessage } from './read-feed.ts';

/** Messages are handed on once a frame; in a tab that is not painted, once in so many milliseconds. */
const unpaintedMs = 1_000;

export interface FeedListener {
  opened(): void;
  closed(): void;
  received(messages: readonly FeedMessage[]): void;
  /** Where a new connection goes on; undefined for the present. */
  position(): number | undefined;
}

/**
 * Listens to the live feed for as long as the page is open. The connection is made anew whenever it ends or falls
 * silent, behind the last position, so that nothing is missed.
 */
export function followFeed(path: string, listener: FeedListener): void {
  let source: EventSource | undefined;
  let attempt = 0;
  let silence = 0;
  let waiting: FeedMessage[] = [];
  let frame = 0;
  let timer = 0;

  function connect(): void {
    const after = listener.position();
    const opened = new EventSource(after === undefined ? path : `${path}?after=${after}`);
    source = opened;
    listenForSilence();
    opened.addEventListener('message', (event: MessageEvent<string>) => {
      listenForSilence();
      const message = readFeedMessage(event.data);
      if (message === undefined) return;
      if (message.type === 'hello') {
        attempt = 0;
        listener.opened();
      }
      waiting.push(message);
      plan();
    });
    opened.addEventListener('error', () => reconnect(opened));
  }

  /** The browser's own reconnecting gives up at an error status, so every end is handled here. */
  function reconnect(ended: EventSource | undefined): void {
    if (ended !== source) return;
    source?.close();
    source = undefined;
    clearTimeout(silence);
    flush();
    listener.closed();
    setTimeout(connect, retryDelayMs(attempt++, Math.random()));
  }

  function listenForSilence(): void {
    clearTimeout(silence);
    silence = setTimeout(() => reconnect(source), staleAfterMs);
  }

  function plan(): void {
    if (frame !== 0 || timer !== 0) return;
    if (document.hidden) timer = setTimeout(flush, unpaintedMs);
    else frame = requestAnimationFrame(flush);
  }

  function flush(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    timer = 0;
    if (waiting.length === 0) return;
    const messages = waiting;
    waiting = [];
    listener.received(messages);
  }

  // A frame that was asked for before the tab was hidden does not come.
  document.addEventListener('visibilitychange', flush);
  connect();
}
