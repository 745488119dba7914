import type pg from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import type { EventQuery, ReadUnderLock } from '../store.ts';
import type { LogStatements } from './statements.ts';

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
  readonly #client: pg.Client;
  readonly #statements: LogStatements;
  #wanted: Wanted[] = [];

  constructor(client: pg.Client, statements: LogStatements) {
    this.#client = client;
    this.#statements = statements;
  }

  readonly read: ReadUnderLock = (queries, after) =>
    new Promise((resolve, reject) => {
      this.#wanted.push({ queries, after, resolve, reject });
      if (this.#wanted.length === 1) queueMicrotask(() => void this.#flush());
    });

  async #flush(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = [];
    try {
      const rows = await this.#client.query(this.#statements.queryMany(wanted));
      const results = new Map<number, RecordedEvent[]>(wanted.map((_, index) => [index, []]));
      for (const row of rows.rows) results.get(Number(row.asked))?.push(this.#statements.toEvent(row));
      wanted.forEach((one, index) => one.resolve(results.get(index) ?? []));
    } catch (error) {
      for (const one of wanted) one.reject(error);
    }
  }
}
