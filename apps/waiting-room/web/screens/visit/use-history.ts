import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, listOf, moment, text, textOrNull } from '../../data/json.ts';
import { visitOf } from '../../data/read-lists.ts';
import { get, RequestFailure } from '../../data/rest.ts';
import type { VisitRow } from '../../model/rows.ts';
import type { TimelineEntry } from '../../model/timeline.ts';

/** Read again so long after it failed. */
const againMs = 3_000;

export interface History {
  readonly visit: VisitRow;
  readonly notes: string | null;
  readonly timeline: readonly TimelineEntry[];
}

interface Read {
  readonly history: History | undefined;
  /** There is no visit with that id. */
  readonly unknown: boolean;
  /** Why it could not be read, in words; it is tried again. */
  readonly problem: string | undefined;
}

/** A visit and everything that happened to it, with everything up to a position; read anew when that moves. */
export function useHistory(visitId: string, position: number): Read {
  const [read, setRead] = useState<Read>({ history: undefined, unknown: false, problem: undefined });
  useEffect(() => {
    const life = new AbortController();
    let timer = 0;
    async function load(): Promise<void> {
      try {
        const path = `/api/waiting-room/visits/${encodeURIComponent(visitId)}?minPosition=${position}`;
        const body = fieldsOf((await get(path, life.signal)).body);
        setRead({ history: historyOf(body), unknown: false, problem: undefined });
      } catch (error) {
        if (life.signal.aborted) return;
        const failure = error instanceof RequestFailure ? error : undefined;
        const unknown = failure?.code === 'VISIT_NOT_FOUND' || failure?.code === 'REQUEST_INVALID';
        setRead((before) => ({ ...before, unknown, problem: unknown ? undefined : String(failure?.message ?? error) }));
        if (!unknown) timer = setTimeout(() => void load(), againMs);
      }
    }
    void load();
    return () => {
      life.abort();
      clearTimeout(timer);
    };
  }, [visitId, position]);
  return read;
}

function historyOf(body: { readonly [name: string]: unknown }): History {
  const visit = fieldsOf(body['visit']);
  return {
    visit: visitOf(visit),
    notes: textOrNull(visit['notes']),
    timeline: listOf(body['timeline']).map(fieldsOf).map(entryOf),
  };
}

function entryOf(entry: { readonly [name: string]: unknown }): TimelineEntry {
  const details: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fieldsOf(entry['details']))) {
    if (typeof value === 'string' || typeof value === 'number') details[name] = value;
  }
  return { at: moment(entry['at']), type: text(entry['type']), by: text(entry['by']), details };
}
