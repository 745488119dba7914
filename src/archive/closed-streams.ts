import type pg from 'pg';
import type { LogNames } from '../postgres/log-names.ts';

/** A closed stream: everything below its last event may be archived, unless something stands in the way. */
export interface ClosedStream {
  readonly stream: string;
  /** Version of its last event, which stays. */
  readonly version: number;
  /** So many of its first events are archived already. */
  readonly archived: number;
  /** Why it has to wait; null when it need not. */
  readonly blocked: string | null;
}

export interface ClosedStreamsOptions {
  readonly pool: pg.Pool;
  readonly names: LogNames;
  /** Types of events that end a stream. */
  readonly endingTypes: readonly string[];
  /** The last event has to be older: an ISO string. */
  readonly cutoff: string;
  /** Positions of events that wait in dead letters. */
  readonly parked: readonly number[];
}

/** Positions looked at in one statement: nothing of ours holds a snapshot of the event store for long. */
const window = 5_000;

/** Finds closed streams, a page at a time. */
export class ClosedStreams {
  readonly #options: ClosedStreamsOptions;

  constructor(options: ClosedStreamsOptions) {
    this.#options = options;
  }

  /** Those whose last event lies in the next window. `scannedTo` is how far it looked; the end when it did not move. */
  async after(position: number, bound: number): Promise<{ scannedTo: number; streams: readonly ClosedStream[] }> {
    const { pool, names, cutoff } = this.#options;
    const end = Math.min(position + window, bound);
    if (end <= position) return { scannedTo: position, streams: [] };
    const young = await pool.query<{ position: string | null }>(
      `select min(e.position) as position from ${names.events} e
       where e.position > $1 and e.position <= $2 and e.created_at >= $3`,
      [position, end, cutoff],
    );
    const first = young.rows[0]?.position ?? null;
    const scannedTo = first === null ? end : Number(first) - 1;
    return { scannedTo, streams: await this.#find('l.position > $4 and l.position <= $5', [position, scannedTo]) };
  }

  /** Those that had to wait before. */
  async waiting(): Promise<readonly ClosedStream[]> {
    return this.#find('(l.aggregate_id, l.version) in (select w.aggregate_id, w.version from archive_waiting w)', []);
  }

  async #find(where: string, values: readonly number[]): Promise<readonly ClosedStream[]> {
    const { pool, names, endingTypes, cutoff, parked } = this.#options;
    const found = await pool.query<{
      stream: string;
      version: string;
      archived: number;
      blocked: string | null;
    }>(
      `select l.aggregate_id as stream, l.version, coalesce(cardinality(r.positions), 0) as archived,
         case when exists (select from ${names.events} v join relay_failures f on f.position = v.position
                where v.aggregate_id = l.aggregate_id and v.version < l.version) then 'refused'
              when exists (select from ${names.events} v where v.aggregate_id = l.aggregate_id and v.version < l.version
                and v.position = any ($3)) then 'parked'
              when exists (select from ${names.events} v join lag_ledger g on g.position = v.position
                where v.aggregate_id = l.aggregate_id and v.version < l.version) then 'ledger' end as blocked
       from ${names.events} l left join archived_streams r on r.aggregate_id = l.aggregate_id
       where l.event_name = any ($1) and l.version > 1 and l.created_at < $2
         and coalesce(cardinality(r.positions), 0) < l.version - 1
         and not exists (select from ${names.events} n where n.aggregate_id = l.aggregate_id and n.version > l.version)
         and ${where}
       order by l.position`,
      [endingTypes, cutoff, parked, ...values],
    );
    return found.rows.map((row) => ({ ...row, version: Number(row.version) }));
  }
}
