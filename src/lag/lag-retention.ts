import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { Lease } from '../postgres/lease.ts';
import { Recurring } from '../recurring.ts';

const day = 24 * 60 * 60 * 1000;

export const lagRetentionDefaults = {
  keepRowsMs: 30 * day,
  keepMinutesMs: 400 * day,
  intervalMs: 10 * 60_000,
} as const;

export interface LagRetentionOptions {
  readonly eventStore: pg.Pool;
  /** Names this process among the holders of leases. */
  readonly instance: string;
  /** How long the ledger keeps rows, in milliseconds. Default 30 days. */
  readonly keepRowsMs?: number;
  /** How long the sums of minutes are kept, in milliseconds. Default 400 days. */
  readonly keepMinutesMs?: number;
  /** How often it looks, in milliseconds. Default 10 minutes. */
  readonly intervalMs?: number;
  /** Rows deleted in one transaction. Default 2,000. */
  readonly page?: number;
  readonly onError?: (error: unknown) => void;
}

/** Rows that one look has deleted. */
export interface LagDeleted {
  readonly rows: number;
  readonly minutes: number;
}

/** It rests so many times as long as a page took: appends do not wait for it. */
const restsFor = 9;

/** Deletes what is old from the ledger and from the sums of minutes, in one process at a time, page by page. */
export class LagRetention {
  readonly #options: LagRetentionOptions;
  readonly #recurring: Recurring;

  constructor(options: LagRetentionOptions) {
    this.#options = options;
    const { intervalMs = lagRetentionDefaults.intervalMs, onError } = options;
    this.#recurring = new Recurring(intervalMs, () => this.runNow(), onError);
  }

  start(): void {
    this.#recurring.start();
  }

  stop(): Promise<void> {
    return this.#recurring.stop();
  }

  /** Deletes all that is old. Undefined when another process does so. */
  async runNow(): Promise<LagDeleted | undefined> {
    const { eventStore, instance, page = 2_000, onError } = this.#options;
    const { keepRowsMs = lagRetentionDefaults.keepRowsMs, keepMinutesMs = lagRetentionDefaults.keepMinutesMs } =
      this.#options;
    const lease = new Lease(eventStore, 'lag-retention', instance);
    const held = await lease.acquire();
    if (held === undefined) return undefined;
    const keeper = lease.keep(held, onError === undefined ? {} : { onError });
    let [rows, minutes] = [0, 0];
    try {
      while (keeper.held && !this.#recurring.signal.aborted) {
        const begunAt = performance.now();
        const deleted = await eventStore.query<{ rows: string; minutes: string }>(
          `select rows, minutes from lag_prune($1 * interval '1 millisecond', $2 * interval '1 millisecond', $3)`,
          [keepRowsMs, keepMinutesMs, page],
        );
        const found = { rows: Number(deleted.rows[0]?.rows ?? 0), minutes: Number(deleted.rows[0]?.minutes ?? 0) };
        rows += found.rows;
        minutes += found.minutes;
        if (found.rows + found.minutes === 0) break;
        const rest = Math.min(5_000, restsFor * (performance.now() - begunAt));
        await pause(rest, undefined, { signal: this.#recurring.signal }).catch(() => undefined);
      }
      return { rows, minutes };
    } finally {
      keeper.stop();
      await lease.release(held).catch(() => undefined);
    }
  }
}
