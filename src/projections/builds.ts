import { readFileSync } from 'node:fs';
import { DatabaseError } from 'pg';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import { asBuildOwner } from './build-owner.ts';
import type { ProjectionDefinition } from './definition.ts';
import { fingerprintOf, hasTablesOf, shapeOf } from './fingerprint.ts';

/** One build of a projection: its tables live in a database schema of their own. */
export interface Build {
  readonly projection: string;
  readonly generation: number;
  readonly position: number;
  readonly eventId: string | undefined;
  readonly incarnation: string | undefined;
  readonly epoch: number;
  /** Which code wrote it; undefined for a build from before this was noted. */
  readonly fingerprint: string | undefined;
  /** Which schema file made its tables; undefined for a build from before this was noted. */
  readonly shape: string | undefined;
}

/** Anything that runs queries: a pool or a client. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    query: pg.QueryConfig | string,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

interface BuildRow {
  readonly projection_id: string;
  readonly generation: number;
  readonly position: string;
  readonly event_id: string | null;
  readonly incarnation: string | null;
  readonly epoch: string;
  readonly fingerprint: string | null;
  readonly shape: string | null;
}

/** The database schema that holds a build's tables. */
export function buildSchema(projection: string, generation: number): string {
  return `${projection.replaceAll('-', '_')}_g${generation}`;
}

const buildColumns = 'projection_id, generation, position, event_id, incarnation, epoch, fingerprint, shape';

/** The build that readers see; undefined before the first one was made. `lock` keeps its consumer waiting. */
export async function liveBuild(database: Queryable, projection: string, lock = false): Promise<Build | undefined> {
  const result = await database.query<BuildRow>(
    `select ${buildColumns} from projection_builds where projection_id = $1 and state = 'live' ${lock ? 'for update' : ''}`,
    [projection],
  );
  return toBuild(result.rows[0]);
}

/** One build, whatever its state. `lock` keeps whoever applies to it waiting. */
export async function buildOf(
  database: Queryable,
  projection: string,
  generation: number,
  lock = false,
): Promise<Build | undefined> {
  const result = await database.query<BuildRow>(
    `select ${buildColumns} from projection_builds where projection_id = $1 and generation = $2 ${lock ? 'for update' : ''}`,
    [projection, generation],
  );
  return toBuild(result.rows[0]);
}

/** The build before the live one; undefined when it was dropped. */
export async function oldBuild(database: Queryable, projection: string): Promise<OldBuild | undefined> {
  const result = await database.query<BuildRow & OldBuildRow>(
    `select ${buildColumns}, is_healthy, error_message, drop_after < clock_timestamp() as is_due, drop_after
     from projection_builds where projection_id = $1 and state = 'old' order by generation desc limit 1`,
    [projection],
  );
  const row = result.rows[0];
  const build = toBuild(row);
  if (row === undefined || build === undefined) return undefined;
  return {
    build,
    problem: row.is_healthy ? undefined : (row.error_message ?? 'unhealthy'),
    isDue: row.is_due ?? false,
    dropAfter: row.drop_after?.toISOString() ?? null,
  };
}

/** A build that readers saw before the live one. */
export interface OldBuild {
  readonly build: Build;
  /** Why it is not kept up to date. */
  readonly problem: string | undefined;
  /** Its time is over. */
  readonly isDue: boolean;
  readonly dropAfter: string | null;
}

interface OldBuildRow {
  readonly is_healthy: boolean;
  readonly error_message: string | null;
  readonly is_due: boolean | null;
  readonly drop_after: Date | null;
}

/** Notes that code goes on with a build that other code began: no one code has made it then. */
export async function noteCode(database: Queryable, definition: ProjectionDefinition, build: Build): Promise<void> {
  const fingerprint = fingerprintOf(definition);
  if (build.fingerprint === fingerprint || build.fingerprint === undefined) return;
  await database.query(
    `update projection_builds set fingerprint = case position when 0 then $3 else 'several' end
     where projection_id = $1 and generation = $2 and fingerprint <> $3`,
    [build.projection, build.generation, fingerprint],
  );
}

function toBuild(row: BuildRow | undefined): Build | undefined {
  return row === undefined
    ? undefined
    : {
        projection: row.projection_id,
        generation: row.generation,
        position: Number(row.position),
        eventId: row.event_id ?? undefined,
        incarnation: row.incarnation ?? undefined,
        epoch: Number(row.epoch),
        fingerprint: row.fingerprint ?? undefined,
        shape: row.shape ?? undefined,
      };
}

/** Makes the tables of a new build and its row, in the state that is given. Run it in a transaction. */
export async function createBuild(
  database: Queryable,
  definition: ProjectionDefinition,
  generation: number,
  state: 'live' | 'building',
  operation: number | null = null,
): Promise<void> {
  const schema = buildSchema(definition.id, generation);
  await database.query(`drop schema if exists ${schema} cascade`);
  await asBuildOwner(database, definition.id, async () => {
    await database.query(`create schema ${schema}`);
    await database.query(`set local search_path to ${schema}, public`);
    await database.query(readFileSync(definition.schema, 'utf8'));
    await database.query('set local search_path to public');
  });
  await database.query(
    `insert into projection_builds (projection_id, generation, state, fingerprint, operation, shape) values ($1, $2, $3, $4, $5, $6)
     on conflict (projection_id, generation) do update set state = excluded.state, position = 0, event_id = null,
       incarnation = null, epoch = projection_builds.epoch + 1, updated_at = clock_timestamp(),
       fingerprint = excluded.fingerprint, operation = excluded.operation, shape = excluded.shape, drop_after = null`,
    [definition.id, generation, state, fingerprintOf(definition), operation, shapeOf(definition)],
  );
}

/**
 * Lets readers find a build's tables under their public names. A view that keeps its columns is replaced in place, and
 * so keeps its grants and what depends on it. Run it in a transaction.
 */
export async function exposeBuild(
  database: Queryable,
  definition: ProjectionDefinition,
  generation: number,
): Promise<void> {
  await asBuildOwner(database, definition.id, () => exposeViews(database, definition, generation));
}

async function exposeViews(database: Queryable, definition: ProjectionDefinition, generation: number): Promise<void> {
  const schema = buildSchema(definition.id, generation);
  for (const name of definition.exposes) {
    await database.query('savepoint expose');
    try {
      await database.query(`create or replace view public.${name} as select * from ${schema}.${name}`);
    } catch (error) {
      // Other columns than before: then it is another view.
      if (!(error instanceof DatabaseError) || error.code !== '42P16') throw error;
      await database.query('rollback to savepoint expose');
      await database.query(`drop view public.${name}`);
      await database.query(`create view public.${name} as select * from ${schema}.${name}`);
    }
    await database.query('release savepoint expose');
  }
}

/**
 * Removes a build that is not live: its tables, its row, and what was parked in it. Of a build that readers have seen the
 * dead letters stay as a record, and so do discards. Run it in a transaction.
 */
export async function dropBuild(database: Queryable, projection: string, generation: number): Promise<void> {
  await database.query(`drop schema if exists ${buildSchema(projection, generation)} cascade`);
  await database.query(
    `delete from dead_letters where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')
       and exists (select from projection_builds b where b.projection_id = $1 and b.generation = $2 and b.state = 'building')`,
    [projection, generation],
  );
  await database.query(
    `update dead_letters set status = 'rebuilt', resolved_at = clock_timestamp()
     where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
    [projection, generation],
  );
  await database.query(
    `delete from projection_builds where projection_id = $1 and generation = $2 and state <> 'live'`,
    [projection, generation],
  );
}

/**
 * The schema that an application writes a build to. Throws READ_MODELS_OUTDATED when another version has made its tables:
 * a process of before that version is still running, and must not write what its tables do not hold.
 */
export function schemaToWrite(definition: ProjectionDefinition, build: Build): string {
  if (build.shape !== undefined && build.shape !== shapeOf(definition)) throw outdated(definition.id);
  return buildSchema(definition.id, build.generation);
}

/** Said where the tables of a read model are another version's. */
export function outdated(projection: string): MillraceError {
  return new MillraceError(
    'READ_MODELS_OUTDATED',
    `The tables of the read model ${projection} were made by another version of the application; ` +
      'run `millrace migrate`, which makes them anew from the log.',
  );
}

/**
 * Whether the live build has other tables than the definition makes. The shape of one that has none noted is noted then.
 * Run it in the migration's transaction.
 */
export async function isOutdated(database: Queryable, definition: ProjectionDefinition): Promise<boolean> {
  const build = await liveBuild(database, definition.id);
  if (build === undefined) return false;
  if (!hasTablesOf(definition, build)) return true;
  if (build.shape !== undefined) return false;
  await database.query(`update projection_builds set shape = $2 where projection_id = $1 and state = 'live'`, [
    definition.id,
    shapeOf(definition),
  ]);
  return false;
}

/** Makes the first build of a projection, when there is none. Run it in the migration's transaction. */
export async function ensureLiveBuild(database: Queryable, definition: ProjectionDefinition): Promise<void> {
  if ((await liveBuild(database, definition.id)) !== undefined) return;
  const highest = await database.query<{ generation: number }>(
    'select coalesce(max(generation), 0) as generation from projection_builds where projection_id = $1',
    [definition.id],
  );
  const generation = (highest.rows[0]?.generation ?? 0) + 1;
  await createBuild(database, definition, generation, 'live');
  await exposeBuild(database, definition, generation);
}
