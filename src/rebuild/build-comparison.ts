import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { transactInside } from '../consumers/transact.ts';
import { MillraceError } from '../errors.ts';
import { buildSchema, liveBuild, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import type { BuildDifference } from '../running-system.ts';
import { buildConnection, type BuildParts } from './build-parts.ts';
import type { BuildFollower } from './build-follower.ts';

const digestSql = readFileSync(new URL('./table-digest.sql', import.meta.url), 'utf8');
const differingSql = readFileSync(new URL('./differing-rows.sql', import.meta.url), 'utf8');

/** How long the live consumer waits at most while differing rows are looked for, in milliseconds. */
const lookingForRows = 10_000;

/** What came of comparing a new build with the live one at one position. */
export interface Comparison {
  readonly position: number;
  /** No difference when empty. */
  readonly differences: readonly BuildDifference[];
  /** One code has made both. */
  readonly sameCode: boolean;
  /** The live build waits for parked events that the new one could apply: that is what the rebuild was for. */
  readonly mends: boolean;
}

/** A table of a build: its columns with their types, in order. */
type Columns = ReadonlyMap<string, string>;

/**
 * Compares a new build with the live one at the same position, while the live one goes on: a snapshot of the read-model
 * database holds the live one where its checkpoint stands, and the new one is brought there. Undefined when nothing is
 * live.
 */
export async function compareBuilds(
  parts: BuildParts,
  client: pg.Client,
  follower: BuildFollower,
  onPage: () => void | Promise<void>,
): Promise<Comparison | undefined> {
  const snapshot = buildConnection(parts, 'compare');
  try {
    await snapshot.connect();
    await snapshot.query('begin isolation level repeatable read read only');
    const live = await liveBuild(snapshot, parts.definition.id);
    if (live === undefined) return undefined;
    await follower.follow(live.position, onPage);
    if (follower.position !== live.position)
      throw new MillraceError('REBUILD_FAILED', 'The live read model went back while it was compared.');
    const [liveTables, newTables] = await Promise.all([
      digests(parts.definition, snapshot, live),
      digests(parts.definition, client, follower.build),
    ]);
    const [liveParked, newParked] = await Promise.all([parkedIn(snapshot, live), parkedIn(client, follower.build)]);
    await snapshot.query('commit');
    const newlyParked = [...newParked].filter((position) => !liveParked.has(position)).length;
    const differences = differencesOf(liveTables, newTables);
    if (newlyParked > 0) {
      differences.push({
        table: 'dead_letters',
        problem: `${newlyParked} events are parked that are not parked in the live read model`,
        liveRows: liveParked.size,
        newRows: newParked.size,
        differingRows: newlyParked,
        keys: [],
      });
    }
    return {
      position: follower.position,
      differences,
      sameCode: live.fingerprint !== undefined && live.fingerprint === follower.build.fingerprint,
      mends: newlyParked === 0 && liveParked.size > newParked.size,
    };
  } finally {
    await snapshot.end().catch(() => undefined);
  }
}

/**
 * Names rows that differ. The live consumer waits meanwhile, so that both builds are at one position: done only when there
 * is something to find, and given up after a while.
 */
export async function nameDifferingRows(
  parts: BuildParts,
  client: pg.Client,
  follower: BuildFollower,
  differences: readonly BuildDifference[],
): Promise<readonly BuildDifference[]> {
  const { definition } = parts;
  await client.query('begin');
  try {
    const live = await liveBuild(client, definition.id, true);
    if (live === undefined) return differences;
    await follower.follow(live.position, () => undefined, transactInside);
    await client.query(`set local statement_timeout = ${lookingForRows}`);
    const named: BuildDifference[] = [];
    for (const difference of differences) {
      named.push(await nameRows(definition, client, live, follower.build, difference));
    }
    await client.query('commit');
    return named;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (error instanceof Error && 'code' in error && error.code === '57014') return differences;
    throw error;
  }
}

async function nameRows(
  definition: ProjectionDefinition,
  client: pg.Client,
  live: Build,
  built: Build,
  difference: BuildDifference,
): Promise<BuildDifference> {
  const { table } = difference;
  const key = [...definition.rows, ...definition.totals].find((one) => one.table === table)?.key;
  const columns = (await tablesOf(client, built)).get(table);
  if (key === undefined || columns === undefined || difference.problem !== otherContent) return difference;
  const sql = differingSql
    .replaceAll(':live', `${buildSchema(live.projection, live.generation)}.${table}`)
    .replaceAll(':built', `${buildSchema(built.projection, built.generation)}.${table}`)
    .replaceAll(':key', `t.${key}`)
    .replaceAll(':row', rowOf(definition, table, columns));
  const found = await client.query<{ rows: string; keys: string[] | null }>(sql);
  const row = found.rows[0];
  return { ...difference, differingRows: Number(row?.rows ?? 0), keys: row?.keys ?? [] };
}

interface Digest {
  readonly columns: string;
  readonly rows: number;
  readonly hash: string;
}

async function digests(
  definition: ProjectionDefinition,
  client: pg.Client,
  build: Build,
): Promise<ReadonlyMap<string, Digest>> {
  const found = new Map<string, Digest>();
  const schema = buildSchema(build.projection, build.generation);
  for (const [table, columns] of await tablesOf(client, build)) {
    const sql = digestSql
      .replaceAll(':table', `${schema}."${table}"`)
      .replaceAll(':row', rowOf(definition, table, columns));
    const result = await client.query<{ rows: string; hash: string }>(sql);
    const row = result.rows[0];
    const described = [...columns].map(([name, type]) => `${name} ${type}`).join(', ');
    found.set(table, { columns: described, rows: Number(row?.rows), hash: row?.hash ?? '' });
  }
  return found;
}

/** The columns that are compared, as one row. */
function rowOf(definition: ProjectionDefinition, table: string, columns: Columns): string {
  const compared = [...columns.keys()].filter((name) => definition.notCompared?.includes(`${table}.${name}`) !== true);
  return `row(${compared.map((name) => `t."${name}"`).join(', ')})`;
}

async function tablesOf(client: pg.Client, build: Build): Promise<ReadonlyMap<string, Columns>> {
  const result = await client.query<{ name: string; column: string; type: string }>(
    `select c.relname as name, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relname, a.attnum`,
    [buildSchema(build.projection, build.generation)],
  );
  const tables = new Map<string, Map<string, string>>();
  for (const { name, column, type } of result.rows) {
    const columns = tables.get(name) ?? new Map<string, string>();
    tables.set(name, columns.set(column, type));
  }
  return tables;
}

async function parkedIn(client: pg.Client, build: Build): Promise<ReadonlySet<number>> {
  const result = await client.query<{ position: string }>(
    `select position from dead_letters where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
    [build.projection, build.generation],
  );
  return new Set(result.rows.map((row) => Number(row.position)));
}

const otherContent = 'rows differ';

function differencesOf(live: ReadonlyMap<string, Digest>, built: ReadonlyMap<string, Digest>): BuildDifference[] {
  return [...new Set([...live.keys(), ...built.keys()])].flatMap((table) => {
    const [before, after] = [live.get(table), built.get(table)];
    const problem = problemOf(before, after);
    if (problem === undefined) return [];
    const [liveRows, newRows] = [before?.rows ?? null, after?.rows ?? null];
    return [{ table, problem, liveRows, newRows, differingRows: null, keys: [] }];
  });
}

function problemOf(live: Digest | undefined, built: Digest | undefined): string | undefined {
  if (live === undefined) return 'only the new one has this table';
  if (built === undefined) return 'only the live one has this table';
  if (live.columns !== built.columns) return 'other columns than the live one';
  return live.rows === built.rows && live.hash === built.hash ? undefined : otherContent;
}
