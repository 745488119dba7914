import type { JsonObject, StoredEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';

/**
 * The PostgreSQL types that a read-model column may have, with what a row holds for them in TypeScript:
 * `text` string · `integer`, `bigint`, `double precision` number · `boolean` boolean · `timestamptz` number
 * (milliseconds since 1970) · `json` any JSON value. Each may be null.
 */
export type ColumnType = 'text' | 'integer' | 'bigint' | 'double precision' | 'boolean' | 'timestamptz' | 'json';

/** A value in a read-model row. */
export type ColumnValue = string | number | boolean | null | JsonObject | readonly JsonObject[];

/** A read-model row as handlers see it: column name → value. */
export type Row = { readonly [column: string]: ColumnValue };

/**
 * Makes the next row out of the row before (undefined: there was none) and one event. Pure: returns a new row, or
 * undefined to delete it, or the same object for no change.
 */
export type RowHandler<R extends Row> = {
  // A method, not a function: TypeScript then takes a handler of one row type where rows of any type are expected. A
  // handler is only ever handed rows that its own definition wrote.
  handle(row: R | undefined, event: StoredEvent): R | undefined;
}['handle'];

/** A table whose every row is a fold over the events of one ordering key. */
export interface RowsDefinition<R extends Row> {
  /** The table's name, made by the projection's schema file. */
  readonly table: string;
  /** The name of the primary key's column, of type text. */
  readonly key: keyof R & string;
  /** The columns that the fold writes, the key among them. Other columns of the table are left alone. */
  readonly columns: { readonly [Column in keyof R & string]: ColumnType };
  /**
   * The key of the row that an event is about; undefined when none. Default: the event's stream, and then the row of a
   * stream's first event is known to be new and is not looked up.
   */
  readonly keyOf?: (event: StoredEvent) => string | undefined;
  readonly on: { readonly [eventType: string]: RowHandler<R> };
  /** A bigint column that receives the version of the event that wrote the row last. */
  readonly versionColumn?: string;
  /** A bigint column that receives the position of the event that wrote the row last; live updates resume by it. */
  readonly positionColumn?: string;
}

/**
 * Sums over the rows of another table, kept by the differences that row changes make. They come out the same in
 * whatever order keys are applied, so a parked key cannot spoil them.
 */
export interface TotalsDefinition<R extends Row> {
  readonly table: string;
  readonly key: string;
  /** The rows that are summed up. */
  readonly of: RowsDefinition<R>;
  /** The total that a row counts for; undefined when for none. */
  keyOf(row: R): string | undefined;
  /** For each column (integer or bigint), what a row adds to it. */
  readonly sums: { readonly [column: string]: Addend<R> };
  /** A bigint column that receives the highest version among the events that changed a summed row. */
  readonly versionColumn?: string;
  /** A bigint column that receives the highest position among them. */
  readonly positionColumn?: string;
}

/** What one row adds to a sum. */
export type Addend<R extends Row> = { of(row: R): number }['of'];

/** Rows of any shape, as the machinery handles them. */
export type AnyRows = RowsDefinition<Row>;
/** Totals over rows of any shape. */
export type AnyTotals = TotalsDefinition<Row>;

/** A consumer that writes a read model. */
export interface ProjectionDefinition {
  /** Lower case letters, digits and dashes: `order-list`. */
  readonly id: string;
  /** SQL that makes the tables and views of one build, in a database schema of its own. */
  readonly schema: URL;
  readonly rows: readonly AnyRows[];
  readonly totals: readonly AnyTotals[];
  /** Tables and views of the schema that readers find under these names, whichever build is live. */
  readonly exposes: readonly string[];
  /** What is kept in order, and what a poison event parks. Default: the event's stream. */
  readonly orderingKey: (event: StoredEvent) => string;
  /** The queue that a broker outside the process keeps for it. Default: the id and `-queue`. */
  readonly queue: string;
  /**
   * How long its consumer may gather events before it applies them, in milliseconds: few large transactions instead of
   * many small ones, for a read model that nobody watches by the second. Default 0: at once.
   */
  readonly mayLag: number;
  /**
   * Columns that a rebuild does not compare, as `table.column`: those that something else than the handlers writes (a
   * default of the current time, say). Default: none.
   */
  readonly notCompared?: readonly string[];
  /** Source text that decides about rows and stands in no handler: with the handlers, it says which code made a build. */
  readonly code?: readonly string[];
}

/** Defines a table of folded rows with its row type checked. @example rows<CartRow>({ table: 'carts', … }) */
export function rows<R extends Row>(definition: RowsDefinition<R>): RowsDefinition<R> {
  if (!(definition.key in definition.columns))
    throw invalid(definition.table, `the key ${definition.key} is no column`);
  return definition;
}

/** Defines a table of totals over the rows of another one. */
export function totals<R extends Row>(definition: TotalsDefinition<R>): TotalsDefinition<R> {
  return definition;
}

/**
 * Defines a projection. Throws DEFINITION_INVALID when the id or a name is not sound.
 * @example defineProjection({ id: 'carts', schema: new URL('./carts.sql', import.meta.url), rows: [carts], exposes: ['cart_view'] })
 */
export function defineProjection(options: {
  readonly id: string;
  readonly schema: URL;
  readonly rows: readonly AnyRows[];
  readonly totals?: readonly AnyTotals[];
  readonly exposes: readonly string[];
  readonly orderingKey?: (event: StoredEvent) => string;
  readonly queue?: string;
  readonly mayLag?: number;
  readonly notCompared?: readonly string[];
}): ProjectionDefinition {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(options.id))
    throw invalid(options.id, 'an id is lower case letters, digits and dashes');
  for (const name of [...options.exposes, ...options.rows.map((table) => table.table)]) {
    if (!/^[a-z_][a-z0-9_]{0,59}$/.test(name))
      throw invalid(options.id, `${name} is not lower case letters, digits and underscores`);
  }
  const queue = options.queue ?? `${options.id}-queue`;
  if (!/^[a-zA-Z][a-zA-Z0-9_.-]{0,99}$/.test(queue)) throw invalid(options.id, `${queue} is no name for a queue`);
  return {
    id: options.id,
    schema: options.schema,
    rows: options.rows,
    totals: options.totals ?? [],
    exposes: options.exposes,
    orderingKey: options.orderingKey ?? ((event) => event.stream),
    queue,
    mayLag: options.mayLag ?? 0,
    notCompared: options.notCompared ?? [],
  };
}

function invalid(what: string, problem: string): MillraceError {
  return new MillraceError('DEFINITION_INVALID', `Projection ${what}: ${problem}.`);
}
