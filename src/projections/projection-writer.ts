import type pg from 'pg';
import type { StoredEvent } from '../events/envelope.ts';
import type { ProjectionDefinition } from './definition.ts';
import { RowsTable, type NextRow } from './rows-table.ts';
import { totalsUpdate } from './totals-table.ts';

/** An event that a handler could not take. */
export interface HandlerFailure {
  readonly event: StoredEvent;
  readonly error: unknown;
}

/** Runs a query on the connection that the batch's transaction uses. */
export type RunQuery = (query: pg.QueryConfig) => Promise<pg.QueryResult>;

/**
 * Applies batches of events to the tables of one build of a projection. `fold` works in memory only; `writes` gives the
 * statements for the caller's transaction; `committed` or `forget` says how that went.
 */
export class ProjectionWriter {
  readonly #definition: ProjectionDefinition;
  readonly #schema: string;
  readonly #tables: readonly RowsTable[];

  constructor(definition: ProjectionDefinition, databaseSchema: string) {
    this.#definition = definition;
    this.#schema = databaseSchema;
    this.#tables = definition.rows.map((table) => new RowsTable(table, databaseSchema));
  }

  /** Brings the rows that some events are about into memory. */
  async load(events: readonly StoredEvent[], run: RunQuery): Promise<void> {
    await Promise.all(
      this.#tables.map(async (table) => {
        const query = table.missing(events);
        if (query !== undefined) table.loaded((await run(query)).rows, events);
      }),
    );
  }

  /** Folds one event into all tables, or into none when a handler throws: then the failure is returned. */
  fold(event: StoredEvent): HandlerFailure | undefined {
    const next: NextRow[] = [];
    try {
      for (const table of this.#tables) {
        const row = table.fold(event);
        if (row !== undefined) next.push(row);
      }
    } catch (error) {
      return { event, error };
    }
    for (const row of next) row.table.put(row, event);
    return undefined;
  }

  /** The statements that write what was folded. */
  writes(): pg.QueryConfig[] {
    const queries = this.#tables.flatMap((table) => table.writes());
    for (const totals of this.#definition.totals) {
      const source = this.#tables.find((table) => table.definition === totals.of);
      const update = source === undefined ? undefined : totalsUpdate(totals, this.#schema, source.changes.values());
      if (update !== undefined) queries.push(update);
    }
    return queries;
  }

  committed(): void {
    for (const table of this.#tables) table.committed();
  }

  forget(): void {
    for (const table of this.#tables) table.forget();
  }
}
