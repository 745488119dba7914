import type { NewEvent, StoredEvent } from '../events/envelope.ts';
import type { AnyRows, AnyTotals, ColumnValue, ProjectionDefinition, Row } from '../projections/definition.ts';
import { expectEqual } from './difference.ts';

/** A projection after some events. */
export interface FoldedProjection {
  /** The rows of a table, by key. */
  rows(table: string): readonly Row[];
  /** Exactly these rows, in any order; of each the columns that the expected rows name. */
  thenRows(table: string, expected: readonly Row[]): void;
}

/**
 * Puts events into a stream, for {@link givenEvents}.
 * @example inStream('cart-1', ItemAdded({ sku: 'A-1' }), CheckedOut({ items: 1 }))
 */
export function inStream(stream: string, ...events: readonly NewEvent[]): readonly NewEvent[] {
  return events.map((event) => ({ ...event, stream }));
}

/**
 * Folds events into a projection's tables in memory, with the definitions that run against the database. Positions
 * count from 1 in the given order. What the schema file does (defaults, views) is not part of it.
 * @example givenEvents(carts, inStream('cart-1', ItemAdded({ sku: 'A-1' }))).thenRows('carts', [{ id: 'cart-1', items: 1 }]);
 */
export function givenEvents(
  projection: ProjectionDefinition,
  events: readonly (NewEvent | StoredEvent)[],
): FoldedProjection {
  const tables = new Map<string, Table>();
  for (const definition of projection.rows) tableOf(tables, definition.table, definition.key);
  for (const definition of projection.totals) tableOf(tables, definition.table, definition.key);
  for (const event of stored(events)) apply(projection, tables, event);
  const rows = (name: string): readonly Row[] => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`Projection ${projection.id} has no table ${name}.`);
    return [...table.rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  };
  return {
    rows,
    thenRows(name, expected) {
      const key = tables.get(name)?.key ?? '';
      const ordered = [...expected].sort((a, b) => (keyText(a[key]) < keyText(b[key]) ? -1 : 1));
      const named = new Set(expected.flatMap((row) => Object.keys(row)));
      const actual = rows(name).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([column]) => named.has(column))),
      );
      expectEqual(`The rows of ${name}`, actual, ordered);
    },
  };
}

interface Table {
  readonly key: string;
  readonly rows: Map<string, Row>;
}

function keyText(value: ColumnValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function tableOf(tables: Map<string, Table>, name: string, key: string): Table {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const table = { key, rows: new Map<string, Row>() };
  tables.set(name, table);
  return table;
}

function apply(projection: ProjectionDefinition, tables: Map<string, Table>, event: StoredEvent): void {
  for (const definition of projection.rows) {
    const handler = definition.on[event.type];
    const key = definition.keyOf === undefined ? event.stream : definition.keyOf(event);
    if (handler === undefined || key === undefined) continue;
    const table = tableOf(tables, definition.table, definition.key);
    const before = table.rows.get(key);
    const own = ownColumns(definition, before);
    const after = handler(own, event);
    if (after === own) continue;
    if (after === undefined) table.rows.delete(key);
    else table.rows.set(key, { ...before, ...after, ...marks(definition, event) });
    for (const totals of projection.totals) {
      if (totals.of === definition) addDifference(totals, tables, own, after, event);
    }
  }
}

/** A handler sees its own columns; a row that another definition made has none of them yet, but is there. */
function ownColumns(definition: AnyRows, row: Row | undefined): Row | undefined {
  if (row === undefined) return undefined;
  const own = Object.keys(definition.columns).map((column) => [column, row[column] ?? null] as const);
  return Object.fromEntries(own);
}

function marks(
  definition: { readonly versionColumn?: string; readonly positionColumn?: string },
  event: StoredEvent,
): Row {
  return {
    ...(definition.versionColumn === undefined ? {} : { [definition.versionColumn]: event.version }),
    ...(definition.positionColumn === undefined ? {} : { [definition.positionColumn]: event.position }),
  };
}

function addDifference(
  totals: AnyTotals,
  tables: Map<string, Table>,
  before: Row | undefined,
  after: Row | undefined,
  event: StoredEvent,
): void {
  const keys = new Set([before, after].flatMap((row) => (row === undefined ? [] : (totals.keyOf(row) ?? []))));
  const table = tableOf(tables, totals.table, totals.key);
  for (const key of keys) {
    const amount = (addend: (row: Row) => number, row: Row | undefined) =>
      row !== undefined && totals.keyOf(row) === key ? addend(row) : 0;
    const differences = Object.entries(totals.sums).map(
      ([column, addend]) => [column, amount(addend, after) - amount(addend, before)] as const,
    );
    if (differences.every(([, difference]) => difference === 0)) continue;
    const current = table.rows.get(key) ?? {};
    const number = (column: string) => (typeof current[column] === 'number' ? current[column] : 0);
    const sums = differences.map(([column, difference]) => [column, number(column) + difference] as const);
    const highest = Object.entries(marks(totals, event)).map(
      ([column, mark]) => [column, Math.max(number(column), Number(mark))] as const,
    );
    table.rows.set(key, { ...current, [totals.key]: key, ...Object.fromEntries([...sums, ...highest]) });
  }
}

function stored(events: readonly (NewEvent | StoredEvent)[]): readonly StoredEvent[] {
  const versions = new Map<string, number>();
  return events.map((event, index) => {
    if ('position' in event) return event;
    const { type, data, stream } = event;
    if (stream === undefined) throw new Error(`${type} needs a stream; see inStream.`);
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    return {
      id: `00000000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`,
      log: 'test',
      position: index + 1,
      stream,
      version,
      type,
      schemaVersion: 1,
      tags: event.tags ?? [],
      // Checked by the definition that made the event.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      data: data as StoredEvent['data'],
      metadata: { correlationId: 'test', actor: 'test' },
      occurredAt: Date.UTC(2026, 0, 1) + index,
    };
  });
}
