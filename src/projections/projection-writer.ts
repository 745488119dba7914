import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { StoredEvent } from '../events/envelope.ts';
import type { ProjectionDefinition } from './definition.ts';
import { RowsTable, type NextRow } from './rows-table.ts';
import { TotalsTable, type Contribution } from './totals-table.ts';

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
  readonly #tables: readonly RowsTable[];
  readonly #totals: readonly TotalsTable[];

  constructor(definition: ProjectionDefinition, databaseSchema: string) {
    this.#tables = definition.rows.map((table) => new RowsTable(table, databaseSchema));
    this.#totals = definition.totals.map((table) => new TotalsTable(table, databaseSchema));
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
    const contributions: Contribution[] = [];
    try {
      for (const table of this.#tables) {
        const row = table.fold(event);
        if (row === undefined) continue;
        next.push(row);
        for (const totals of this.#totals) {
          if (totals.definition.of === table.definition)
            contributions.push(...totals.contributions(row.before, row.row));
        }
      }
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'STORE_CORRUPT') throw error;
      return { event, error };
    }
    for (const row of next) row.table.put(row, event);
    for (const contribution of contributions) contribution.table.put(contribution, event);
    return undefined;
  }

  /** The statements that write what was folded. */
  writes(): pg.QueryConfig[] {
    const queries = this.#tables.flatMap((table) => table.writes());
    for (const totals of this.#totals) {
      const update = totals.update();
      if (update !== undefined) queries.push(update);
    }
    return queries;
  }

  committed(): void {
    for (const table of this.#tables) table.committed();
    for (const totals of this.#totals) totals.clear();
  }

  forget(): void {
    for (const table of this.#tables) table.forget();
    for (const totals of this.#totals) totals.clear();
  }
}
