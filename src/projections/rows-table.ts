import type pg from 'pg';
import { LRUCache } from 'lru-cache';
import { MillraceError } from '../errors.ts';
import type { StoredEvent } from '../events/envelope.ts';
import { textArray } from '../store/postgres/binary-arrays.ts';
import { encodeColumn, decodeRow, selectColumn } from './column-values.ts';
import type { AnyRows, ColumnType, Row } from './definition.ts';

/** How a row changed inside a batch. */
export interface RowChange {
  readonly before: Row | undefined;
  after: Row | undefined;
  /** Of the last event that changed it. */
  version: number;
  position: number;
}

/** What an event makes of one row; not in effect until it is put. */
export interface NextRow {
  readonly table: RowsTable;
  readonly key: string;
  readonly before: Row | undefined;
  readonly row: Row | undefined;
}

/** Marks a row that is known to be absent; the cache cannot hold undefined. */
const absent: unique symbol = Symbol('absent');

/** More than any batch is about: what a batch has loaded must stay until it is written. */
const defaultRowsInMemory = 50_000;

/**
 * One table of folded rows while a batch is applied: rows come from memory or are read in one query per batch, are
 * folded in memory, and go back in one statement.
 */
export class RowsTable {
  readonly definition: AnyRows;
  readonly #name: string;
  readonly #cache: LRUCache<string, Row | typeof absent>;
  readonly #columns: readonly [string, ColumnType][];
  #changes = new Map<string, RowChange>();

  constructor(definition: AnyRows, databaseSchema: string, rowsInMemory: number = defaultRowsInMemory) {
    this.definition = definition;
    this.#cache = new LRUCache({ max: rowsInMemory });
    this.#name = `${databaseSchema}.${definition.table}`;
    this.#columns = Object.entries(definition.columns);
  }

  /** The key of the row that an event is about. */
  keyOf(event: StoredEvent): string | undefined {
    if (!Object.hasOwn(this.definition.on, event.type)) return undefined;
    return this.definition.keyOf === undefined ? event.stream : this.definition.keyOf(event);
  }

  /** The same, and undefined when the application's function throws: folding the event will tell. */
  #keyIfSound(event: StoredEvent): string | undefined {
    try {
      return this.keyOf(event);
    } catch {
      return undefined;
    }
  }

  /** The query that brings the rows of some events into memory; undefined when all are there or known to be new. */
  missing(events: readonly StoredEvent[]): pg.QueryConfig | undefined {
    const keys = new Set<string>();
    for (const event of events) {
      const key = this.#keyIfSound(event);
      // `get`, not `has`: it marks the row as used, so that the rows of this batch do not push it out.
      if (key === undefined || this.#cache.get(key) !== undefined || keys.has(key)) continue;
      if (this.definition.keyOf === undefined && event.version === 1) this.#cache.set(key, absent);
      else keys.add(key);
    }
    if (keys.size === 0) return undefined;
    const list = this.#columns.map(([name, type]) => selectColumn(name, type)).join(', ');
    return {
      name: `load ${this.#name}`,
      text: `select ${list} from ${this.#name} where ${this.definition.key} = any ($1)`,
      values: [textArray([...keys])],
    };
  }

  /** Takes what {@link missing} asked for. */
  loaded(rows: readonly pg.QueryResultRow[], events: readonly StoredEvent[]): void {
    for (const row of rows) {
      const decoded = decodeRow(row);
      const key = decoded[this.definition.key];
      if (typeof key === 'string') this.#cache.set(key, decoded);
    }
    for (const event of events) {
      const key = this.#keyIfSound(event);
      if (key !== undefined && !this.#cache.has(key)) this.#cache.set(key, absent);
    }
  }

  /** Folds one event without putting the result into effect, so that a handler that throws leaves nothing behind. */
  fold(event: StoredEvent): NextRow | undefined {
    const key = this.keyOf(event);
    const handler = this.definition.on[event.type];
    if (key === undefined || handler === undefined) return undefined;
    const before = this.#current(key);
    const row = handler(before, event);
    if (row !== undefined && row[this.definition.key] !== key) {
      throw new TypeError(`the handler of ${event.type} made a row of ${this.definition.table} under another key`);
    }
    return row === before ? undefined : { table: this, key, before, row };
  }

  put(next: NextRow, event: StoredEvent): void {
    const change = this.#changes.get(next.key);
    if (change === undefined) {
      this.#changes.set(next.key, {
        before: next.before,
        after: next.row,
        version: event.version,
        position: event.position,
      });
    } else {
      change.after = next.row;
      change.version = event.version;
      change.position = event.position;
    }
  }

  #current(key: string): Row | undefined {
    const change = this.#changes.get(key);
    if (change !== undefined) return change.after;
    const row = this.#cache.get(key);
    // A row that is not known must never pass for one that is not there.
    if (row === undefined) throw new MillraceError('STORE_CORRUPT', `A row of ${this.#name} was not loaded.`);
    return row === absent ? undefined : row;
  }

  /** The statements that write the batch's changes. */
  writes(): pg.QueryConfig[] {
    const written = [...this.#changes].filter(([, change]) => change.after !== undefined);
    const deleted = [...this.#changes].filter(
      ([, change]) => change.after === undefined && change.before !== undefined,
    );
    const queries: pg.QueryConfig[] = [];
    if (deleted.length > 0) {
      queries.push({
        name: `delete ${this.#name}`,
        text: `delete from ${this.#name} where ${this.definition.key} = any ($1)`,
        values: [textArray(deleted.map(([key]) => key))],
      });
    }
    if (written.length > 0) queries.push(this.#upsert(written));
    return queries;
  }

  #upsert(written: readonly (readonly [string, RowChange])[]): pg.QueryConfig {
    const { versionColumn, positionColumn } = this.definition;
    const columns: [string, ColumnType][] = [...this.#columns];
    const values = this.#columns.map(([name, type]) =>
      encodeColumn(
        type,
        written.map(([, change]) => change.after?.[name]),
      ),
    );
    if (versionColumn !== undefined) {
      columns.push([versionColumn, 'bigint']);
      values.push(
        encodeColumn(
          'bigint',
          written.map(([, change]) => change.version),
        ),
      );
    }
    if (positionColumn !== undefined) {
      columns.push([positionColumn, 'bigint']);
      values.push(
        encodeColumn(
          'bigint',
          written.map(([, change]) => change.position),
        ),
      );
    }
    const names = columns.map(([name]) => name);
    const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
    const updates = names.filter((name) => name !== this.definition.key).map((name) => `${name} = excluded.${name}`);
    return {
      name: `upsert ${this.#name} ${names.length}`,
      text: `insert into ${this.#name} (${names.join(', ')}) select * from unnest(${arrays})
        on conflict (${this.definition.key}) do update set ${updates.join(', ')}`,
      values,
    };
  }

  /** The batch is committed: memory follows. */
  committed(): void {
    for (const [key, change] of this.#changes) this.#cache.set(key, change.after ?? absent);
    this.#changes = new Map();
  }

  /** The batch did not commit, or somebody else wrote: nothing in memory can be trusted. */
  forget(): void {
    this.#changes = new Map();
    this.#cache.clear();
  }
}
