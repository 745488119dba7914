import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ProjectionDefinition } from './definition.ts';

/** Definitions do not change while a process runs. */
const known = new WeakMap<ProjectionDefinition, string>();
const knownShapes = new WeakMap<ProjectionDefinition, string>();

/**
 * Says which code a build is made by: a hash over the schema's SQL, tables, columns and the source text of all handlers.
 * What a handler calls in other modules is not seen, and neither are upcasters: a change there passes for the same code.
 */
export function fingerprintOf(definition: ProjectionDefinition): string {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const rows = definition.rows.map((table) => [
    table.table,
    table.key,
    table.columns,
    sourceOf(table.keyOf),
    Object.entries(table.on).map(([type, handler]) => [type, sourceOf(handler)]),
    table.versionColumn ?? '',
    table.positionColumn ?? '',
  ]);
  const totals = definition.totals.map((table) => [
    table.table,
    table.key,
    table.of.table,
    table.keyOf.toString(),
    Object.entries(table.sums).map(([column, addend]) => [column, sourceOf(addend)]),
    table.versionColumn ?? '',
    table.positionColumn ?? '',
  ]);
  const more = definition.code === undefined ? [] : [definition.code];
  const all = [readFileSync(definition.schema, 'utf8'), rows, totals, sourceOf(definition.orderingKey), ...more];
  const fingerprint = createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32);
  known.set(definition, fingerprint);
  return fingerprint;
}

/**
 * Says which tables a build has: a hash over the schema's SQL without comments and spaces. Code works with tables of its
 * own shape alone, so a build of another one has to be made anew before anything starts.
 */
export function shapeOf(definition: ProjectionDefinition): string {
  const before = knownShapes.get(definition);
  if (before !== undefined) return before;
  const sql = readFileSync(definition.schema, 'utf8');
  const bare = sql.replaceAll(/('(?:[^']|'')*')|--[^\n]*|\s+/g, (_, quoted: string | undefined) => quoted ?? ' ');
  const shape = createHash('sha256').update(bare.replaceAll(/ +/g, ' ').trim()).digest('hex').slice(0, 32);
  knownShapes.set(definition, shape);
  return shape;
}

/**
 * Whether a build has the tables that the definition makes. One from before shapes were noted counts as having them when
 * the same code made it; of any other nobody can tell.
 */
export function hasTablesOf(
  definition: ProjectionDefinition,
  {
    shape,
    fingerprint,
  }: { readonly shape: string | null | undefined; readonly fingerprint: string | null | undefined },
): boolean {
  return typeof shape === 'string' ? shape === shapeOf(definition) : fingerprint === fingerprintOf(definition);
}

function sourceOf(code: ((...given: never[]) => unknown) | undefined): string {
  return code === undefined ? '' : Function.prototype.toString.call(code);
}
