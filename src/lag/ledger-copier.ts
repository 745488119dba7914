import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { backoff } from '../doorbell.ts';
import { lagRetentionDefaults } from './lag-retention.ts';
import { fillNames, type LogNames } from '../postgres/log-names.ts';
import { int8Array, textArray, uuidArray } from '../postgres/binary-arrays.ts';

/** The SQL of the ledger in the event store. The relay's schema has to be there before. */
export function ledgerSchema(names: LogNames): string {
  return fillNames(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'), names);
}

/** What the read-model database needs so that its stamps and mirrors can be copied. */
export const stampSourceSchema = readFileSync(new URL('./read-models.sql', import.meta.url), 'utf8');

interface StampRow {
  readonly id: string;
  readonly first_position: string;
  readonly last_position: string;
  readonly last_event: string;
  readonly handed_at: string | null;
  readonly received_at: string;
  readonly processed_at: string;
  readonly status: string;
}

export interface LedgerCopierOptions {
  readonly eventStore: pg.Pool;
  readonly readModels: pg.Pool;
  /** The primary projection: the one whose stamps the ledger tells. */
  readonly projection: string;
  /** Milliseconds between copies while there is something to copy. Default 250. */
  readonly interval?: number;
  /** False while another process does it. Default: always. */
  readonly active?: () => boolean;
  /** How long the mirror keeps minutes, in milliseconds. Default 400 days. */
  readonly keepMinutesMs?: number;
  readonly onError?: (error: unknown) => void;
  readonly onCopied?: () => void;
}

const stampsAtOnce = 500;
const minutesAtOnce = 2_000;

/**
 * Copies stamps from the read-model database into the ledger of the event store, off the hot path, and then removes
 * them. Copying is idempotent, so a copy that is cut off anywhere, or made by two processes, is simply made again; and
 * neither database keeps a number that the other one could outrun when it is put back to an older state.
 */
export class LedgerCopier {
  readonly #options: LedgerCopierOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #wanted = true;
  #stopped = false;
  #failures = 0;
  #notBefore = 0;
  #nextRollUp = 0;
  #lastMirror = 0;
  /** Minutes that changed up to here are in the mirror: the event store's clock, as text. */
  #mirroredTo = '-infinity';

  constructor(options: LedgerCopierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#options.interval ?? 250);
  }

  /** There are new stamps. */
  nudge(): void {
    this.#wanted = true;
  }

  /** Copies what is there and stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
    await this.copyAll().catch(() => undefined);
  }

  #tick(): void {
    if (this.#running !== undefined || this.#stopped || this.#options.active?.() === false) return;
    const now = performance.now();
    if (now < this.#notBefore) return;
    // Another process may be the one that processes: look from time to time even without a nudge.
    const look = this.#wanted || now - this.#lastMirror > 1000;
    if (!look) return;
    this.#wanted = false;
    this.#running = this.#round(now).finally(() => {
      this.#running = undefined;
    });
  }

  async #round(now: number): Promise<void> {
    try {
      await this.copyAll();
      await this.#mirror(now);
      this.#failures = 0;
    } catch (error) {
      this.#wanted = true;
      this.#notBefore = performance.now() + backoff(++this.#failures, 250, 5000);
      this.#options.onError?.(error);
    }
  }

  /** Copies all stamps that there are now. */
  async copyAll(): Promise<void> {
    for (;;) {
      const copied = await this.#copySome();
      if (copied > 0) this.#options.onCopied?.();
      if (copied < stampsAtOnce) return;
    }
  }

  async #copySome(): Promise<number> {
    const { eventStore, readModels, projection } = this.#options;
    const stamps = await readModels.query<StampRow>({
      name: 'read-stamps',
      text: `select id, first_position, last_position, last_event, handed_at::text, received_at::text, processed_at::text, status
        from lag_stamps where projection_id = $1 order by id limit $2`,
      values: [projection, stampsAtOnce],
    });
    if (stamps.rows.length === 0) return 0;
    await eventStore.query({
      name: 'copy-stamps',
      text: 'select copy_lag_stamps($1, $2, $3, $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7)',
      values: [
        int8Array(stamps.rows.map((row) => Number(row.first_position))),
        int8Array(stamps.rows.map((row) => Number(row.last_position))),
        uuidArray(stamps.rows.map((row) => row.last_event)),
        stamps.rows.map((row) => row.handed_at),
        stamps.rows.map((row) => row.received_at),
        stamps.rows.map((row) => row.processed_at),
        textArray(stamps.rows.map((row) => row.status)),
      ],
    });
    // These and no others: one with a lower number may have been committed since they were read.
    await readModels.query('delete from lag_stamps where id = any ($1)', [
      int8Array(stamps.rows.map((row) => Number(row.id))),
    ]);
    return stamps.rows.length;
  }

  /**
   * Once a second the mirrors follow: checkpoints here, lag metrics there. Once in five, or less often under a high
   * load, the minutes are summed up.
   */
  async #mirror(now: number): Promise<void> {
    if (now - this.#lastMirror < 1000) return;
    this.#lastMirror = now;
    const { eventStore, readModels } = this.#options;
    const checkpoints = await readModels.query<{ rows: string | null }>(
      'select json_agg(c)::text as rows from projection_checkpoints c',
    );
    await eventStore.query(
      `insert into projection_checkpoints
       select projection_id, generation, last_position, last_event_id, incarnation, last_version, is_healthy, error_message,
              last_updated_at, clock_timestamp()
       from json_populate_recordset(null::projection_checkpoints, coalesce($1, '[]')::json)
       on conflict (projection_id) do update set generation = excluded.generation, last_position = excluded.last_position,
         last_event_id = excluded.last_event_id, incarnation = excluded.incarnation, last_version = excluded.last_version,
         is_healthy = excluded.is_healthy, error_message = excluded.error_message, last_updated_at = excluded.last_updated_at,
         mirrored_at = excluded.mirrored_at`,
      [checkpoints.rows[0]?.rows ?? null],
    );
    if (now < this.#nextRollUp) return;
    await eventStore.query(
      `select roll_up_lag_metrics(date_trunc('minute', clock_timestamp() - interval '10 seconds'))`,
    );
    await this.#mirrorMinutes();
    // The present minute is summed up each time: under a high load that takes long, and then it is done less often.
    const done = performance.now();
    this.#nextRollUp = done + Math.min(60_000, Math.max(5000, 20 * (done - now)));
  }

  /**
   * What was summed up since the last time, a page at a time, and what the minutes that are not over come to. After a start
   * all of them once: nobody knows what the mirror has.
   */
  async #mirrorMinutes(): Promise<void> {
    const { eventStore, readModels, keepMinutesMs = lagRetentionDefaults.keepMinutesMs } = this.#options;
    const columns = `metric_timestamp, event_name, events_created_count, events_published_count, events_processed_count,
      events_failed_count, average_lag_ms, min_lag_ms, max_lag_ms, p50_lag_ms, p95_lag_ms, p99_lag_ms`;
    const write = (rows: string) =>
      readModels.query(`select mirror_lag_metrics($1, $2 * interval '1 millisecond')`, [rows, keepMinutesMs]);
    for (;;) {
      const page = await eventStore.query<{ rows: string | null; upto: string | null; found: number }>(
        `select json_agg(m)::text as rows, max(m.changed_at)::text as upto, count(*)::int as found
         from (select ${columns}, changed_at from lag_metrics_by_minute where changed_at > $1::timestamptz
               order by changed_at fetch first $2 rows with ties) m`,
        [this.#mirroredTo, minutesAtOnce],
      );
      const { rows, upto, found } = page.rows[0] ?? { rows: null, upto: null, found: 0 };
      if (rows === null || upto === null) break;
      await write(rows);
      this.#mirroredTo = upto;
      if (found < minutesAtOnce) break;
    }
    const present = await eventStore.query<{ rows: string | null }>(
      `select json_agg(m)::text as rows from event_lag_metrics m
       where m.metric_timestamp >= (select rolled_up_to from lag_cursor)`,
    );
    await write(present.rows[0]?.rows ?? '[]');
  }
}
