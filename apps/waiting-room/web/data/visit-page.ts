import { retryDelayMs } from '../model/connection.ts';
import { isOver, type VisitPage } from '../model/visit-page.ts';
import { fieldsOf, moment, numberOrNull, parsedJson, text, textOrNull, type JsonFields } from './json.ts';
import { get, RequestFailure } from './rest.ts';

/** The stream is silent while nothing changes, so the page asks so often whether it is still there. */
const askMs = 25_000;
const askWithoutStreamMs = 5_000;

export interface VisitPageListener {
  /** What the server says, now. */
  shown(page: VisitPage): void;
  /** The server did not answer, or the stream broke off. */
  lost(): void;
  /** There is no visit behind the link, or none any more. */
  unknown(): void;
}

/** Follows one visit by its link until it is over or the returned function is called: by the stream, and by asking. */
export function followVisit(token: string, listener: VisitPageListener): () => void {
  const path = `/api/public/visits/${encodeURIComponent(token)}`;
  const life = new AbortController();
  let source: EventSource | undefined;
  let attempt = 0;
  let retry = 0;
  let timer = 0;
  let dueAt = Infinity;

  function stop(): void {
    life.abort();
    source?.close();
    clearTimeout(retry);
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  }

  function show(fields: JsonFields): void {
    const page = visitPageOf(fields);
    listener.shown(page);
    if (isOver(page)) stop();
  }

  function connect(): void {
    const opened = new EventSource(`${path}/stream`);
    source = opened;
    opened.addEventListener('open', () => {
      attempt = 0;
      planAsking();
    });
    opened.addEventListener('message', (event: MessageEvent<string>) => show(fieldsOf(parsedJson(event.data))));
    // The browser's own reconnecting gives up at an error status.
    opened.addEventListener('error', () => {
      opened.close();
      if (source !== opened || life.signal.aborted) return;
      source = undefined;
      listener.lost();
      retry = setTimeout(connect, retryDelayMs(attempt++, Math.random()));
      planAsking();
    });
  }

  /** Brings the next question forward when need be, and never puts it off: the stream may fail again and again. */
  function planAsking(): void {
    const wait = source?.readyState === EventSource.OPEN ? askMs : askWithoutStreamMs;
    const at = performance.now() + wait;
    if (at >= dueAt || life.signal.aborted) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void ask(), wait);
  }

  async function ask(): Promise<void> {
    try {
      show(fieldsOf((await get(path, life.signal)).body));
    } catch (error) {
      if (life.signal.aborted) return;
      if (error instanceof RequestFailure && error.status === 404) {
        listener.unknown();
        stop();
        return;
      }
      listener.lost();
    }
    dueAt = Infinity;
    planAsking();
  }

  /** A phone that was in a pocket asks at once. */
  function look(): void {
    if (!document.hidden) void ask();
  }

  document.addEventListener('visibilitychange', look);
  // First by asking: the stream of an unknown link would only fail.
  void ask().then(() => {
    if (!life.signal.aborted) connect();
  });
  return stop;
}

function visitPageOf(page: JsonFields): VisitPage {
  const estimate = fieldsOf(page['estimate']);
  const destination = fieldsOf(page['destination']);
  const fromMinutes = numberOrNull(estimate['fromMinutes']);
  const toMinutes = numberOrNull(estimate['toMinutes']);
  return {
    ticket: text(page['ticket']),
    siteName: text(page['siteName']),
    status: text(page['status']),
    place: numberOrNull(page['place']),
    estimate: fromMinutes === null || toMinutes === null ? null : { fromMinutes, toMinutes },
    unknownBecause: textOrNull(page['estimateUnknownBecause']),
    destination:
      page['destination'] === null || page['destination'] === undefined
        ? null
        : { kind: destination['kind'] === 'desk' ? 'desk' : 'room', name: text(destination['name']) },
    arrivedAt: moment(page['arrivedAt']),
  };
}
