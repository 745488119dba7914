import { numberFrom, numberOrNull, objectFrom, objectsFrom, textFrom, textOrNull } from '../json-shape.ts';
import type { ServerClient } from '../server-client.ts';

/** One event as `GET /api/log` tells of it, with what became of it. */
export interface StoredTrace {
  readonly position: number;
  readonly eventId: string;
  readonly aggregateId: string;
  readonly correlationId: string;
  /** The ledger's status; null when the event has no row. */
  readonly status: string | null;
  readonly totalLagMs: number | null;
  /** Its effect is in the read model; null when the primary projection writes no row for it. */
  readonly applied: boolean | null;
}

const pageSize = 2_000;

/** All events above a position, page by page in the order of positions, up to the head at the time of asking. */
export async function* storedAfter(client: ServerClient, after: number): AsyncGenerator<readonly StoredTrace[]> {
  for (let position = after; ;) {
    const page = objectFrom(await client.get(`/api/log?after=${position}&limit=${pageSize}`), 'log');
    const events = objectsFrom(page['events'], 'events').map(traceFrom);
    const last = events.at(-1);
    if (!last) return;
    yield events;
    position = last.position;
  }
}

function traceFrom(fields: Record<string, unknown>): StoredTrace {
  const { applied } = fields;
  return {
    position: numberFrom(fields, 'position'),
    eventId: textFrom(fields, 'eventId'),
    aggregateId: textFrom(fields, 'aggregateId'),
    correlationId: textOrNull(fields, 'correlationId') ?? '',
    status: textOrNull(fields, 'status'),
    totalLagMs: numberOrNull(fields, 'totalLagMs'),
    applied: typeof applied === 'boolean' ? applied : null,
  };
}
