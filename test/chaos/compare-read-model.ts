import type { Pool, QueryResultRow } from 'pg';
import { buildSchema, liveBuild } from '../../src/projections/builds.ts';
import { decodeRow, selectColumn } from '../../src/projections/column-values.ts';
import type { AnyRows, AnyTotals, Row } from '../../src/projections/definition.ts';
import type { FoldedRow, FreshFold } from './fresh-fold.ts';

/** Where a read model differs from a fresh fold, in words, with the key first. */
export interface Difference {
  readonly kind: 'missing' | 'unexpected' | 'different' | 'miscounted';
  readonly text: string;
}

/**
 * Compares the live build of a projection with a fold of the whole log: rows with content, version and position, and
 * totals. `after`: only rows that a later event wrote are compared.
 */
export async function compareReadModel(pool: Pool, fold: FreshFold, after: number): Promise<Difference[]> {
  const build = await liveBuild(pool, fold.definition.id);
  if (build === undefined) return [{ kind: 'missing', text: `${fold.definition.id} has no live build` }];
  const schema = buildSchema(fold.definition.id, build.generation);
  const differences: Difference[] = [];
  for (const table of fold.rows.keys()) differences.push(...(await compareRows(pool, schema, fold, table, after)));
  for (const table of fold.totals.keys()) differences.push(...(await compareTotals(pool, schema, fold, table)));
  return differences;
}

async function compareRows(
  pool: Pool,
  schema: string,
  fold: FreshFold,
  table: AnyRows,
  after: number,
): Promise<Difference[]> {
  const { versionColumn, positionColumn } = table;
  const columns = Object.entries(table.columns).map(([name, type]) => selectColumn(name, type));
  columns.push(
    `${versionColumn ?? '0'}::float8 as "the version"`,
    `${positionColumn ?? '0'}::float8 as "the position"`,
  );
  const since = positionColumn === undefined || after === 0 ? '' : `where ${positionColumn} > ${after}`;
  const { rows } = await pool.query<QueryResultRow & { 'the version': number; 'the position': number }>(
    `select ${columns.join(', ')} from ${schema}.${table.table} ${since}`,
  );
  const expected = fold.rows.get(table) ?? new Map<string, FoldedRow>();
  const differences: Difference[] = [];
  const seen = new Set<string>();
  // Another definition writes rows into the same table: one that this definition does not know is the other's.
  const isShared = [...fold.totals.keys()].some((other) => other.table === table.table);
  const together = [...fold.rows].filter(([other]) => other.table === table.table).map(([, folded]) => folded);
  for (const { 'the version': version, 'the position': position, ...columnsFound } of rows) {
    const found = decodeRow(columnsFound);
    const key = textOf(found[table.key]);
    const place = `${table.table} ${key}`;
    seen.add(key);
    const folded = expected.get(key);
    if (folded === undefined) {
      const isKnown = together.some((one) => one.has(key));
      if (!isShared && !isKnown) differences.push({ kind: 'unexpected', text: `${place} at position ${position}` });
      continue;
    }
    const wrong = Object.keys(table.columns).filter((name) => !same(found[name], folded.row[name]));
    if (versionColumn !== undefined && version !== folded.version) wrong.push(versionColumn);
    if (positionColumn !== undefined && position !== folded.position) wrong.push(positionColumn);
    if (wrong.length === 0) continue;
    const texts = wrong.map(
      (name) => `${name} is ${JSON.stringify(found[name])}, not ${JSON.stringify(folded.row[name])}`,
    );
    const marks = `version ${version}/${folded.version}, position ${position}/${folded.position}`;
    differences.push({ kind: 'different', text: `${place}: ${texts.join('; ')} (${marks})` });
  }
  for (const [key, { position }] of expected) {
    if (position > after && !seen.has(key)) {
      differences.push({ kind: 'missing', text: `${table.table} ${key} at position ${position}` });
    }
  }
  return differences;
}

async function compareTotals(pool: Pool, schema: string, fold: FreshFold, table: AnyTotals): Promise<Difference[]> {
  const names = Object.keys(table.sums);
  const columns = [`${table.key} as "the key"`, ...names.map((name) => selectColumn(name, 'bigint'))];
  const { rows } = await pool.query<QueryResultRow & { 'the key': string }>(
    `select ${columns.join(', ')} from ${schema}.${table.table}`,
  );
  const found = new Map(rows.map((row) => [row['the key'], row]));
  const differences: Difference[] = [];
  for (const [key, { sums }] of fold.totals.get(table) ?? []) {
    const row = found.get(key);
    const wrong = names.filter((name) => Number(row?.[name] ?? 0) !== (sums[name] ?? 0));
    if (wrong.length === 0) continue;
    const texts = wrong.map((name) => `${name} is ${row?.[name] ?? 'missing'}, not ${sums[name] ?? 0}`);
    differences.push({ kind: 'miscounted', text: `${table.table} ${key}: ${texts.join('; ')}` });
  }
  return differences;
}

function same(found: Row[string] | undefined, expected: Row[string] | undefined): boolean {
  if (found === expected) return true;
  if ((found ?? null) === null || (expected ?? null) === null) return (found ?? null) === (expected ?? null);
  // A timestamp comes back through the server's microseconds.
  if (typeof found === 'number' && typeof expected === 'number') return Math.abs(found - expected) < 0.01;
  return JSON.stringify(found) === JSON.stringify(expected);
}

/** A key is a text column. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a key is no text');
  return value;
}
