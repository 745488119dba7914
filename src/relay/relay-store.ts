import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { Outbox, PendingEvent } from '../running-system.ts';
import type { HeldLease } from '../postgres/lease.ts';
import { asking } from '../postgres/asking.ts';
import { int8Array, timestampArray } from '../postgres/binary-arrays.ts';
import { fillNames, type LogNames } from '../postgres/log-names.ts';

/** A batch that the broker has confirmed. */
export interface Publication {
  readonly first: number;
  readonly last: number;
  /** The relay's clock, milliseconds since 1970. */
  readonly handedAt: number;
  readonly confirmedAt: number;
}

/** How far a relay has come: everything up to this event was confirmed by the broker. */
export interface Cursor {
  readonly position: number;
  readonly eventId: string | undefined;
}

/** The SQL that makes the relay's tables and the outbox view. */
export function relaySchema(names: LogNames): string {
  return fillNames(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'), names);
}

/** The relay's rows in the event store. */
export class RelayStore {
  readonly #pool: pg.Pool;
  readonly #destination: string;

  constructor(pool: pg.Pool, destination: string) {
    this.#pool = pool;
    this.#destination = destination;
  }

  get leaseName(): string {
    return `relay:${this.#destination}`;
  }

  /** How far this destination's relay has come; position 0 before its first event. */
  async cursor(): Promise<Cursor> {
    const result = await this.#pool.query<{ position: string; event_id: string | null }>({
      name: 'relay-cursor',
      text: 'select position, event_id from relay_cursors where destination = $1',
      values: [this.#destination],
    });
    const row = result.rows[0];
    return { position: Number(row?.position ?? 0), eventId: row?.event_id ?? undefined };
  }

  /**
   * Moves the cursor. Rejects with SQLSTATE MR010 when the lease is not ours any more, and with MR012 when the cursor or
   * the log is not what it was: a backup was put back.
   */
  async advance(lease: HeldLease, from: Cursor, to: Cursor, publications: readonly Publication[]): Promise<void> {
    await this.#pool.query({
      name: 'relay-advance',
      text: 'select relay_advance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
      values: [
        this.#destination,
        this.leaseName,
        lease.token,
        from.position,
        from.eventId ?? null,
        to.position,
        to.eventId ?? null,
        int8Array(publications.map((one) => one.first)),
        int8Array(publications.map((one) => one.last)),
        timestampArray(publications.map((one) => one.handedAt)),
        timestampArray(publications.map((one) => one.confirmedAt)),
      ],
    });
  }

  /** Puts the cursor back to where the log still is, after a restore. Does nothing when the lease is not ours. */
  async reset(lease: HeldLease, to: Cursor): Promise<void> {
    await this.#pool.query(
      `update relay_cursors set position = $2, event_id = $3 where destination = $1
         and exists (select from leases l where l.name = $4 and l.token = $5)`,
      [this.#destination, to.position, to.eventId ?? null, this.leaseName, lease.token],
    );
  }
}

interface PendingRow {
  readonly event_id: string;
  readonly position: string;
  readonly event_name: string;
  readonly aggregate_id: string;
  readonly status: string;
  readonly retry_count: number;
  readonly created_at: Date;
  readonly age_ms: number;
}

/**
 * The first events that were not published, $1 of them at most. Not asked of the outbox view, which would sort all that
 * waits: after a long outage that is much, and this is asked again and again.
 */
export function pendingEvents(names: LogNames): string {
  const columns = `event_id, position, event_name, aggregate_id, status, retry_count, created_at`;
  return `select ${columns}, (extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as age_ms
    from (
      (select e.event_id, e.position, e.event_name, e.aggregate_id, 'PENDING' as status, 0 as retry_count, e.created_at
       from ${names.events} e
       where e.position > (select relay_published()) and not exists (select from relay_failures f where f.position = e.position)
       order by e.position limit $1)
      union all
      (select e.event_id, e.position, e.event_name, e.aggregate_id, f.status, f.retry_count, e.created_at
       from relay_failures f join ${names.events} e on e.position = f.position
       order by f.position limit $1)) waiting
    order by position limit $1`;
}

/** What was not published yet, told by cursor and head: the cost does not grow with the log. */
export class PostgresOutbox implements Outbox {
  readonly #pool: pg.Pool;
  readonly #names: LogNames;

  constructor(pool: pg.Pool, names: LogNames) {
    this.#pool = pool;
    this.#names = names;
  }

  async pending(
    limit = 100,
  ): Promise<{ readonly count: number; readonly oldestAgeMs: number; readonly events: PendingEvent[] }> {
    const { events } = this.#names;
    const [count, rows] = await asking(
      Promise.all([
        this.#pool.query<{ count: string }>({
          name: 'outbox-count',
          text: `select coalesce((select position from ${events} order by position desc limit 1), 0) - relay_published()
            + (select count(*) from relay_failures f where f.position <= relay_published()) as count`,
        }),
        this.#pool.query<PendingRow>({ name: 'outbox-pending', text: pendingEvents(this.#names), values: [limit] }),
      ]),
    );
    const pending = rows.rows.map((row): PendingEvent => ({
      eventId: row.event_id,
      position: Number(row.position),
      eventName: row.event_name,
      aggregateId: row.aggregate_id,
      status: row.status,
      retryCount: row.retry_count,
      createdAt: row.created_at.toISOString(),
      ageMs: row.age_ms,
    }));
    return { count: Number(count.rows[0]?.count ?? 0), oldestAgeMs: pending[0]?.ageMs ?? 0, events: pending };
  }
}
