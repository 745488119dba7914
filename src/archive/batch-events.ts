import type pg from 'pg';
import { int8Array, textArray } from '../postgres/binary-arrays.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type { ArchivedLine } from './archive-line.ts';

/** Versions `first` to `last` of a stream. */
export interface StreamPart {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
}

interface LineRow {
  readonly position: string;
  readonly event_id: string;
  readonly aggregate_id: string;
  readonly version: string;
  readonly event_name: string;
  readonly schema_version: number;
  readonly tags: string[] | null;
  readonly payload: string;
  readonly metadata: string;
  readonly occurred_at: number;
  readonly created_at: string;
}

/** What the log holds of some parts of streams, in the order of positions. */
export async function eventsOf(
  pool: pg.Pool,
  names: LogNames,
  parts: readonly StreamPart[],
): Promise<readonly ArchivedLine[]> {
  const found = await pool.query<LineRow>(
    `select e.position, e.event_id, e.aggregate_id, e.version, e.event_name, e.schema_version, e.tags,
       e.payload::text as payload, e.metadata::text as metadata,
       (extract(epoch from e.occurred_at) * 1000)::float8 as occurred_at,
       to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at
     from unnest($1::text[], $2::bigint[], $3::bigint[]) as p(stream, first, last)
     join ${names.events} e on e.aggregate_id = p.stream and e.version between p.first and p.last
     order by e.position`,
    [
      textArray(parts.map((part) => part.stream)),
      int8Array(parts.map((part) => part.first)),
      int8Array(parts.map((part) => part.last)),
    ],
  );
  return found.rows.map((row) => ({
    position: Number(row.position),
    id: row.event_id,
    stream: row.aggregate_id,
    version: Number(row.version),
    type: row.event_name,
    schemaVersion: row.schema_version,
    tags: row.tags ?? [],
    occurredAt: row.occurred_at,
    createdAt: row.created_at,
    payload: row.payload,
    metadata: row.metadata,
  }));
}
