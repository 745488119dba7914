import { retryDelayMs, staleAfterMs } from '../model/connection.ts';

/**
 * The first message after a pause of so many milliseconds is handed on at once; under steady change all that came are
 * handed on once a frame; in a tab that is not painted, once in so many milliseconds.
 */
const quietMs = 50;
const unpaintedMs = 1_000;

export interface FeedListener<Message extends { readonly type: string }> {
  /** A message of the feed; undefined when it is none that is known. */
  read(data: string): Message | undefined;
  opened(): void;
  closed(): void;
  received(messages: readonly Message[]): void;
  /** Where a new connection goes on; undefined for the present. */
  position(): number | undefined;
}

/**
 * Listens to a live feed until the returned function is called. The connection is made anew whenever it ends or falls
 * silent, behind the last position, so that nothing is missed.
 */
export function followFeed<Message extends { readonly type: string }>(
  path: string,
  listener: FeedListener<Message>,
): () => void {
  let source: EventSource | undefined;
  let attempt = 0;
  let silence = 0;
  let waiting: Message[] = [];
  let frame = 0;
  let timer = 0;
  let retry = 0;
  let stopped = false;
  let flushedAt = -Infinity;

  function connect(): void {
    const after = listener.position();
    const joint = path.includes('?') ? '&' : '?';
    const opened = new EventSource(after === undefined ? path : `${path}${joint}after=${after}`);
    source = opened;
    listenForSilence();
    opened.addEventListener('message', (event: MessageEvent<string>) => {
      listenForSilence();
      const message = listener.read(event.data);
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
    if (ended !== source || stopped) return;
    source?.close();
    source = undefined;
    clearTimeout(silence);
    flush();
    listener.closed();
    retry = setTimeout(connect, retryDelayMs(attempt++, Math.random()));
  }

  function listenForSilence(): void {
    clearTimeout(silence);
    silence = setTimeout(() => reconnect(source), staleAfterMs);
  }

  function plan(): void {
    if (frame !== 0 || timer !== 0) return;
    if (document.hidden) timer = setTimeout(flush, unpaintedMs);
    else if (performance.now() - flushedAt > quietMs) flush();
    else frame = requestAnimationFrame(flush);
  }

  function flush(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
    timer = 0;
    if (waiting.length === 0) return;
    flushedAt = performance.now();
    const messages = waiting;
    waiting = [];
    listener.received(messages);
  }

  // A frame that was asked for before the tab was hidden does not come.
  document.addEventListener('visibilitychange', flush);
  connect();
  return () => {
    stopped = true;
    source?.close();
    clearTimeout(silence);
    clearTimeout(retry);
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    document.removeEventListener('visibilitychange', flush);
  };
}
