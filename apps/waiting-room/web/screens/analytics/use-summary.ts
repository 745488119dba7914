import { useEffect, useRef, useState } from 'preact/hooks';
import { followFeed } from '../../data/feed.ts';
import { fieldsOf, number, parsedJson, text } from '../../data/json.ts';
import { get, RequestFailure } from '../../data/rest.ts';
import type { Connection } from '../../model/connection.ts';
import { summaryOf, type Summary } from './summary.ts';

/** Figures are asked for again so long after a change, so that a busy minute is one question and not a hundred. */
const afterChangeMs = 1_000;

interface Tick {
  readonly type: string;
  readonly position: number;
}

export interface SummaryNow {
  readonly summary: Summary | undefined;
  readonly problem: string | undefined;
  readonly connection: Connection;
}

/**
 * The figures of some days, as of now: asked for again when something happened in the clinic, and with each sign of life
 * of the feed, since a consultation that goes on changes them as well.
 */
export function useSummary(
  from: string | undefined,
  to: string | undefined,
  siteId: string,
  queueId: string,
): SummaryNow {
  const [state, setState] = useState<{ readonly summary?: Summary; readonly problem?: string }>({});
  const again = useRef<() => void>(() => undefined);
  const connection = useTicks(again);
  useEffect(() => {
    if (from === undefined || to === undefined) return undefined;
    const over = new AbortController();
    const query = new URLSearchParams({ from, to, siteId, ...(queueId === '' ? {} : { queueId }) });
    let asking = false;
    let isShown = false;
    let timer = 0;
    async function ask(): Promise<void> {
      timer = 0;
      asking = true;
      try {
        const { body } = await get(`/api/waiting-room/analytics/summary?${query}`, over.signal);
        if (over.signal.aborted) return;
        isShown = true;
        setState({ summary: summaryOf(body) });
      } catch (error) {
        if (over.signal.aborted) return;
        const problem = error instanceof RequestFailure ? error.message : String(error);
        // Figures of these days stay: they were right a moment ago. The next sign of life asks again.
        setState((before) => (isShown ? { ...before, problem } : { problem }));
      }
      asking = false;
    }
    void ask();
    again.current = () => {
      if (timer !== 0 || document.hidden) return;
      timer = setTimeout(() => {
        timer = 0;
        if (asking) again.current();
        else void ask();
      }, afterChangeMs);
    };
    // A tab that is seen again is up to date.
    const seen = () => again.current();
    document.addEventListener('visibilitychange', seen);
    return () => {
      over.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [from, to, siteId, queueId]);
  return { summary: state.summary, problem: state.problem, connection };
}

/** Hears that something happened, and nothing of what. */
function useTicks(again: { readonly current: () => void }): Connection {
  const [connection, setConnection] = useState<Connection>({ open: false, heardAt: undefined });
  useEffect(() => {
    let position: number | undefined;
    return followFeed<Tick>('/api/waiting-room/stream', {
      read: (data) => {
        const fields = fieldsOf(parsedJson(data));
        const type = text(fields['type']);
        return type === '' ? undefined : { type, position: number(fields['position']) };
      },
      opened: () => setConnection({ open: true, heardAt: Date.now() }),
      closed: () => setConnection((before) => ({ ...before, open: false })),
      received: (messages) => {
        setConnection((before) => ({ ...before, heardAt: Date.now() }));
        position = messages.at(-1)?.position ?? position;
        again.current();
      },
      position: () => position,
    });
  }, [again]);
  return connection;
}
