import { isDeepStrictEqual } from 'node:util';
import type { StoredEvent } from '../events/envelope.ts';
import { textArray } from '../postgres/binary-arrays.ts';
import { buildSchema, type Build, type Queryable } from './builds.ts';
import { decodeRow, selectColumn } from './column-values.ts';
import type { AnyRows, ProjectionDefinition, Row } from './definition.ts';
import { fingerprintOf } from './fingerprint.ts';

/** What the events of one stream come to in one table, folded anew. */
interface Fold {
  readonly row: Row | undefined;
  /** Positions of the events that changed the row, ascending. */
  readonly changes: readonly number[];
}

/** A timestamp comes back through the server's microseconds. */
const rounding = 0.01;

/** The tables whose rows stand for one stream each: those that can be told from the stream's events alone. */
export function tablesOfStreams(definition: ProjectionDefinition): readonly AnyRows[] {
  return definition.rows.filter(({ keyOf }) => keyOf === undefined);
}

/**
 * For each stream, how many of its events have no effect in a build that has applied them: all that changed a row, when
 * the row is gone; those behind the row's position, when it is older; one, when it has another content. A build that
 * other code has written is asked for rows that are gone alone, since that code may have made other rows of the same
 * events.
 * @param streams all events of each stream up to the build's checkpoint, in order
 */
export async function missingEffects(
  database: Queryable,
  definition: ProjectionDefinition,
  build: Build,
  streams: ReadonlyMap<string, readonly StoredEvent[]>,
): Promise<ReadonlyMap<string, number>> {
  const missing = new Map<string, number>();
  const sameCode = build.fingerprint === fingerprintOf(definition);
  for (const table of tablesOfStreams(definition)) {
    const folds = new Map<string, Fold>();
    for (const [stream, events] of streams) {
      const fold = foldAnew(table, events);
      if (fold?.row !== undefined) folds.set(stream, fold);
    }
    if (folds.size === 0) continue;
    const found = await rowsOf(database, table, build, [...folds.keys()]);
    for (const [stream, fold] of folds) {
      const lost = lostOf(definition, table, fold, found.get(stream), sameCode);
      if (lost > 0) missing.set(stream, (missing.get(stream) ?? 0) + lost);
    }
  }
  return missing;
}

/** Undefined when a handler throws: such an event is parked, or was written by other code. */
function foldAnew(table: AnyRows, events: readonly StoredEvent[]): Fold | undefined {
  let row: Row | undefined;
  const changes: number[] = [];
  try {
    for (const event of events) {
      const handler = Object.hasOwn(table.on, event.type) ? table.on[event.type] : undefined;
      if (handler === undefined) continue;
      const next = handler(row, event);
      if (next === row) continue;
      row = next;
      changes.push(event.position);
    }
  } catch {
    return undefined;
  }
  return { row, changes };
}

function lostOf(
  definition: ProjectionDefinition,
  table: AnyRows,
  { row: expected, changes }: Fold,
  found: Row | undefined,
  sameCode: boolean,
): number {
  if (found === undefined) return changes.length;
  if (!sameCode) return 0;
  const { positionColumn } = table;
  if (positionColumn !== undefined) {
    const behind = changes.filter((position) => position > Number(found[positionColumn] ?? 0)).length;
    if (behind > 0) return behind;
  }
  const compared = Object.keys(table.columns).filter(
    (column) => definition.notCompared?.includes(`${table.table}.${column}`) !== true,
  );
  return compared.every((column) => same(found[column], expected?.[column])) ? 0 : 1;
}

function same(found: Row[string] | undefined, expected: Row[string] | undefined): boolean {
  if (typeof found === 'number' && typeof expected === 'number') return Math.abs(found - expected) < rounding;
  return isDeepStrictEqual(found ?? null, expected ?? null);
}

async function rowsOf(
  database: Queryable,
  table: AnyRows,
  { projection, generation }: Build,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Row>> {
  const columns = Object.entries(table.columns).map(([name, type]) => selectColumn(name, type));
  if (table.positionColumn !== undefined) columns.push(selectColumn(table.positionColumn, 'bigint'));
  const result = await database.query({
    name: `compare ${projection} ${generation} ${table.table}`,
    text: `select ${columns.join(', ')} from ${buildSchema(projection, generation)}.${table.table}
      where ${table.key} = any ($1)`,
    values: [textArray(keys)],
  });
  return new Map(
    result.rows.map(decodeRow).flatMap((row) => {
      const key = row[table.key];
      return typeof key === 'string' ? [[key, row] as const] : [];
    }),
  );
}
