import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { HeldLease } from '../postgres/lease.ts';
import { int8Array, textArray, timestampArray } from '../postgres/binary-arrays.ts';
import { fillNames, type LogNames } from '../postgres/log-names.ts';
import { pauseAfter } from '../retry-schedule.ts';

/** Events without a gap that the broker has confirmed. */
export interface Publication {
  readonly first: number;
  readonly last: number;
  /** The relay's clock, milliseconds since 1970. */
  readonly handedAt: number;
  readonly confirmedAt: number;
}

/** An event that was passed over. */
export interface PassedOver {
  readonly position: number;
  /** Its ordering key: the stream. */
  readonly key: string;
  /** Why the broker refused it; undefined for one that waits behind such a one. */
  readonly error: string | undefined;
}

/** How far a relay has come: everything up to this event was confirmed by the broker, or passed over. */
export interface Cursor {
  readonly position: number;
  readonly eventId: string | undefined;
}

/** A key of which something was refused. */
export interface ParkedKey {
  readonly key: string;
  /** Milliseconds until its first event is tried again, 0 or less when it is due; null: when somebody says so. */
  readonly wait: number | null;
}

/** What a retry of one key came to. */
export interface Settlement {
  readonly key: string;
  readonly published: readonly number[];
  readonly handedAt: number;
  readonly confirmedAt: number;
  readonly refused: { readonly position: number; readonly error: string } | undefined;
}

/** The SQL that makes the relay's tables and the outbox view. */
export function relaySchema(names: LogNames): string {
  return ['schema.sql', 'failures.sql']
    .map((file) => fillNames(readFileSync(new URL(`./${file}`, import.meta.url), 'utf8'), names))
    .join('\n');
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

  /**
   * Another broker than before: goes on where the relay of the one before stopped, so that nothing is published twice.
   * Does nothing when this destination is the one that moved last.
   */
  async adoptCursor(lease: HeldLease): Promise<void> {
    await this.#pool.query(
      `insert into relay_cursors as own (destination, position, event_id)
       select $1, last.position, last.event_id from relay_cursors last
       where last.destination <> $1 and exists (select from leases l where l.name = $2 and l.token = $3)
       order by last.moved_at desc limit 1
       on conflict (destination) do update
         set position = excluded.position, event_id = excluded.event_id, moved_at = clock_timestamp()
         where own.position < excluded.position
           and own.moved_at < (select max(other.moved_at) from relay_cursors other where other.destination <> $1)`,
      [this.#destination, this.leaseName, lease.token],
    );
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
   * Moves the cursor; what was passed over on the way gets its rows, the refused ones with a next attempt after
   * `schedule`. Rejects with SQLSTATE MR010 when the lease is not ours any more, and with MR012 when the cursor or the
   * log is not what it was: a backup was put back.
   */
  async advance(
    lease: HeldLease,
    from: Cursor,
    to: Cursor,
    publications: readonly Publication[],
    passedOver: readonly PassedOver[] = [],
    schedule?: readonly number[],
  ): Promise<void> {
    await this.#pool.query({
      name: 'relay-advance',
      text: 'select relay_advance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)',
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
        int8Array(passedOver.map((one) => one.position)),
        textArray(passedOver.map((one) => one.key)),
        textArray(passedOver.map((one) => one.error)),
        pauseAfter(1, schedule),
      ],
    });
  }

  /** Puts the cursor back to where the log still is, after a restore. Does nothing when the lease is not ours. */
  async reset(lease: HeldLease, to: Cursor): Promise<void> {
    // What was refused in the other log is no matter of this one.
    await this.#pool.query(
      `with moved as (
         update relay_cursors set position = $2, event_id = $3 where destination = $1
           and exists (select from leases l where l.name = $4 and l.token = $5) returning destination)
       delete from relay_failures f using moved m where f.destination = m.destination and f.position > $2`,
      [this.#destination, to.position, to.eventId ?? null, this.leaseName, lease.token],
    );
  }

  /** The keys of which something was refused, the longest due first. */
  async parkedKeys(): Promise<ParkedKey[]> {
    const result = await this.#pool.query<{ key: string; wait: number | null }>({
      name: 'relay-parked-keys',
      text: `select ordering_key as key, (extract(epoch from min(next_attempt_at) - clock_timestamp()) * 1000)::float8 as wait
        from relay_failures
        where destination = $1 and (status in ('FAILED', 'MANUAL') or next_attempt_at is not null)
        group by ordering_key order by wait`,
      values: [this.#destination],
    });
    return result.rows;
  }

  /** The first positions of a key that wait, in order. */
  async waitingOf(key: string, limit: number): Promise<number[]> {
    const result = await this.#pool.query<{ position: string }>({
      name: 'relay-waiting-of',
      text: `select position from relay_failures
        where destination = $1 and ordering_key = $2 and status <> 'DISCARDED' order by position limit $3`,
      values: [this.#destination, key, limit],
    });
    return result.rows.map((row) => Number(row.position));
  }

  /** Rejects with SQLSTATE MR010 when the lease is not ours any more. */
  async settle(lease: HeldLease, settlement: Settlement, schedule: readonly number[]): Promise<void> {
    const { key, published, handedAt, confirmedAt, refused } = settlement;
    await this.#pool.query({
      name: 'relay-settle',
      text: 'select relay_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      values: [
        this.#destination,
        this.leaseName,
        lease.token,
        key,
        int8Array(published),
        new Date(handedAt),
        new Date(confirmedAt),
        refused?.position ?? null,
        refused?.error ?? null,
        [...schedule],
      ],
    });
  }
}
