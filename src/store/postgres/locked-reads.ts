import type { Client } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import { checkQueries, checkRange } from '../request-check.ts';
import type { EventQuery, ReadUnderLock } from '../store.ts';
import type { EventRow, LogStatements } from './statements.ts';

interface Wanted {
  readonly queries: readonly EventQuery[];
  readonly after: number;
  readonly resolve: (events: readonly RecordedEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads while the log's lock is held. All reads that are asked for in one turn travel as one query, since every other
 * writer waits meanwhile.
 */
export class LockedReads {
  readonly #client: Client;
  readonly #statements: LogStatements;
  #wanted: Wanted[] = [];
  #failure: unknown;

  constructor(client: Client, statements: LogStatements) {
    this.#client = client;
    this.#statements = statements;
  }

  /** Why a read failed. The transaction is lost then, whatever its members made of the failure. */
  get failure(): unknown {
    return this.#failure;
  }

  readonly read: ReadUnderLock = (queries, after) =>
    new Promise((resolve, reject) => {
      checkQueries(queries);
      checkRange({ after });
      this.#wanted.push({ queries, after, resolve, reject });
      if (this.#wanted.length === 1) queueMicrotask(() => void this.#flush());
    });

  async #flush(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = [];
    try {
      const rows = await this.#client.query<EventRow>(this.#statements.queryMany(wanted));
      const results = wanted.map((): RecordedEvent[] => []);
      const events = await this.#statements.toEvents(rows.rows);
      rows.rows.forEach((row, index) => {
        const event = events[index];
        if (event !== undefined) results[row.asked ?? 0]?.push(event);
      });
      wanted.forEach((one, index) => one.resolve(results[index] ?? []));
    } catch (error) {
      this.#failure ??= error;
      for (const one of wanted) one.reject(error);
    }
  }
}
