import type { Pool } from 'pg';
import { MillraceError } from '../../errors.ts';

/** Asks for the size no more often than this, in milliseconds: it looks at every file of the database. */
const askedEvery = 10_000;

/**
 * Keeps the database of a log below a size. The size is asked for while appends come, beside them: an append never waits
 * for the answer, so a little more than the limit may be written. A size that cannot be told changes nothing.
 */
export class DiskLimit {
  readonly #pool: Pool;
  readonly #limit: number;
  readonly #interval: number;
  #full = false;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  /** @param limit bytes */
  constructor(pool: Pool, limit: number, interval = askedEvery) {
    this.#pool = pool;
    this.#limit = limit;
    this.#interval = interval;
  }

  /** The last size that was told is above the limit. Asks again, beside the answer, when that was long ago. */
  isFull(): boolean {
    if (this.#asking === undefined && performance.now() - this.#askedAt >= this.#interval) void this.look();
    return this.#full;
  }

  /** Throws LOG_FULL. */
  check(): void {
    if (this.isFull()) throw new MillraceError('LOG_FULL', 'The event store is as large as it may be.');
  }

  /** Asks for the size now. Never rejects: whatever keeps the server from answering shows elsewhere. */
  look(): Promise<void> {
    this.#asking ??= this.#look().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #look(): Promise<void> {
    this.#askedAt = performance.now();
    try {
      const result = await this.#pool.query<{ size: string }>('select pg_database_size(current_database()) as size');
      this.#full = Number(result.rows[0]?.size ?? 0) > this.#limit;
    } catch {
      // The next look tells.
    }
  }
}
