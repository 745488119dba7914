import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, moment, number, numberOrNull, text, textOrNull } from '../../data/json.ts';
import { get, RequestFailure } from '../../data/rest.ts';
import { retryDelayMs, type Connection } from '../../model/connection.ts';
import { isCalledNow, type PhoneVisit } from './phone-model.ts';

/** The stream's sign of life cannot be heard by a page: asked for so often, the age of the page is known. */
const askMs = 20_000;
/** Who scans a ticket at once may be faster than the read model: asked so often, so far apart, before a link is unknown. */
const newLinkTries = 3;
const newLinkMs = 700;

export interface VisitOfLink {
  readonly visit: PhoneVisit | undefined;
  /** Calls that came while the page was open. */
  readonly called: number;
  /** The last of them was to where the patient had been called before. */
  readonly isCalledAgain: boolean;
  /** No visit is behind the link, or it was over long ago. */
  readonly isUnknown: boolean;
  readonly connection: Connection;
}

/** The visit behind a link, live; by asking again and again where no stream gets through. */
export function useVisit(token: string): VisitOfLink {
  const [state, setState] = useState<VisitOfLink>({
    ...{
      visit: undefined,
      called: 0,
      isCalledAgain: false,
      isUnknown: false,
      connection: { open: false, heardAt: undefined },
    },
  });
  useEffect(() => {
    const path = `/api/public/visits/${encodeURIComponent(token)}`;
    const over = new AbortController();
    let source: EventSource | undefined;
    let last: PhoneVisit | undefined;
    let timer = 0;
    let attempt = 0;
    let unknown = 0;
    let called = 0;
    let isCalledAgain = false;

    function show(body: unknown): void {
      const visit = visitOf(body);
      if (last !== undefined && visit.updatedAt < last.updatedAt) return;
      if (isCalledNow(last, visit)) {
        called += 1;
        isCalledAgain = last?.status === visit.status && last.destination === visit.destination;
        if ('vibrate' in navigator) navigator.vibrate([400, 200, 400, 200, 400]);
      }
      last = visit;
      setState({ visit, called, isCalledAgain, isUnknown: false, connection: { open: true, heardAt: Date.now() } });
      if (visit.isOver) rest();
    }
    /** Nothing comes any more: neither a stream nor a question is wanted. */
    function rest(): void {
      source?.close();
      source = undefined;
      clearTimeout(timer);
    }
    function askIn(milliseconds: number): void {
      clearTimeout(timer);
      if (!over.signal.aborted) timer = setTimeout(() => void ask(), milliseconds);
    }
    function isGone(): void {
      setState((before) => ({ ...before, connection: { ...before.connection, open: false } }));
      askIn(retryDelayMs(attempt++, Math.random()));
    }
    function listen(): void {
      const opened = new EventSource(`${path}/stream`);
      source = opened;
      opened.addEventListener('message', (event: MessageEvent<string>) => {
        attempt = 0;
        show(JSON.parse(event.data));
      });
      opened.addEventListener('error', () => {
        opened.close();
        if (source !== opened || over.signal.aborted) return;
        source = undefined;
        isGone();
      });
    }
    async function ask(): Promise<void> {
      try {
        const { body } = await get(path, over.signal);
        if (over.signal.aborted) return;
        show(body);
        if (last?.isOver === true) return;
        if (source === undefined) listen();
        askIn(askMs);
      } catch (error) {
        if (over.signal.aborted) return;
        if (error instanceof RequestFailure && error.code === 'VISIT_LINK_UNKNOWN') {
          if (last === undefined && ++unknown < newLinkTries) {
            askIn(newLinkMs);
            return;
          }
          rest();
          setState((before) => ({ ...before, visit: undefined, isUnknown: true }));
        } else isGone();
      }
    }
    // A phone that comes out of the pocket is up to date at once.
    const seen = (): void => {
      if (!document.hidden && last?.isOver !== true) askIn(0);
    };
    document.addEventListener('visibilitychange', seen);
    void ask();
    return () => {
      over.abort();
      rest();
      document.removeEventListener('visibilitychange', seen);
    };
  }, [token]);
  return state;
}

function visitOf(body: unknown): PhoneVisit {
  const fields = fieldsOf(body);
  const estimate = fieldsOf(fields['estimate']);
  return {
    ticket: text(fields['ticket']),
    siteName: text(fields['siteName']),
    status: text(fields['status']),
    isOver: fields['isOver'] === true,
    calls: number(fields['calls']),
    place: numberOrNull(fields['place']),
    estimate:
      numberOrNull(estimate['toMinutes']) === null
        ? null
        : { fromMinutes: number(estimate['fromMinutes']), toMinutes: number(estimate['toMinutes']) },
    unknownBecause: textOrNull(fields['estimateUnknownBecause']),
    destination: textOrNull(fieldsOf(fields['destination'])['name']),
    updatedAt: moment(fields['updatedAt']),
  };
}
