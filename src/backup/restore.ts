import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { MillraceError } from '../errors.ts';
import { buildSchema, createBuild, exposeBuild } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { hasTablesOf } from '../projections/fingerprint.ts';
import type { SystemDefinition } from '../system.ts';
import { connected, type BackupProgress } from './backup.ts';
import { digestOf } from './copy-table.ts';
import { checkFile, readManifest, type BackupManifest, type BuildBackup, type TableBackup } from './manifest.ts';
import { qualified, quoted, tablesOf, type TableShape } from './tables.ts';

export interface RestoreOptions {
  readonly system: SystemDefinition;
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  readonly folder: string;
  /**
   * Makes the tables in both databases, as `millrace migrate` does, and read models anew that are another version's. Called
   * before the load and behind it.
   */
  readonly prepare: () => Promise<void>;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** What came of a restore. */
export interface Restored {
  readonly manifest: BackupManifest;
  readonly tables: number;
  readonly rows: number;
  /** Projections whose tables are others in this version: they were made anew from the log. */
  readonly builtFromLog: readonly string[];
}

/**
 * Puts a backup into two databases that hold no event and no account yet, and compares every table with the manifest.
 * Each database is loaded in one transaction: it holds all of it or nothing. The log becomes a new incarnation, so what
 * brokers still hold of the old one is refused. Throws BACKUP_DAMAGED, RESTORE_OTHER_SYSTEM, RESTORE_NOT_EMPTY,
 * RESTORE_DIFFERS.
 * @example await restore({ system, eventStoreUrl, readModelsUrl, folder: '/backups/2026-01-31', prepare });
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { system, folder, onProgress } = options;
  const manifest = await readManifest(folder);
  if (manifest.system !== system.name) {
    throw new MillraceError('RESTORE_OTHER_SYSTEM', `The backup is of ${manifest.system}, not of ${system.name}.`);
  }
  for (const table of manifest.tables) {
    onProgress?.({ step: 'checking files', table: table.name, rows: table.rows });
    await checkFile(folder, table);
  }
  await options.prepare();
  const ofDatabase = (database: TableBackup['database']) =>
    manifest.tables.filter((table) => table.database === database);
  await connected(options.eventStoreUrl, async (client) => {
    await assertEmpty(client, [`public.${system.tables.events}`, 'public.command_keys', 'millrace_access.accounts']);
    await client.query('begin');
    // The log takes inserts from whoever says so; only its owner gets this far.
    await client.query(`select set_config('millrace.appending', 'yes', true)`);
    await load(client, ofDatabase('event-store'), await tablesOf(client), options);
    await client.query('commit');
  });
  const builtFromLog = await connected(options.readModelsUrl, async (client) => {
    await client.query('begin');
    const left = await restoreBuilds(client, system, manifest.builds, ofDatabase('read-models'));
    const schemas = new Set(left.map(({ projection, generation }) => buildSchema(projection, generation)));
    const tables = ofDatabase('read-models').filter(({ schema }) => !schemas.has(schema));
    await load(client, tables, await tablesOf(client), options);
    await client.query(
      `update projection_operations set state = 'abandoned', finished_at = clock_timestamp() where state in ('requested', 'running')`,
    );
    await client.query('commit');
    return left.map(({ projection }) => projection).filter((id) => system.projections.some((one) => one.id === id));
  });
  if (builtFromLog.length > 0) await options.prepare();
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  return { manifest, tables: manifest.tables.length, rows, builtFromLog };
}

async function assertEmpty(client: Client, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const found = await client.query(`select 1 from ${table} limit 1`);
    if (found.rowCount !== 0) {
      throw new MillraceError(
        'RESTORE_NOT_EMPTY',
        `${table} holds rows: a backup is restored into empty databases only.`,
      );
    }
  }
}

/** Makes the live builds with the numbers that they had. Returns those whose tables this code makes otherwise. */
async function restoreBuilds(
  client: Client,
  system: SystemDefinition,
  builds: readonly BuildBackup[],
  tables: readonly TableBackup[],
): Promise<readonly BuildBackup[]> {
  const others: BuildBackup[] = [];
  for (const build of builds) {
    const definition = system.projections.find(({ id }) => id === build.projection);
    if (definition === undefined) {
      others.push(build);
      continue;
    }
    await remake(client, definition, build);
    const schema = buildSchema(build.projection, build.generation);
    const made = (await tablesOf(client)).filter((table) => table.schema === schema);
    const held = tables.filter((table) => table.schema === schema);
    // Columns of the same names may still hold something else.
    const isSame = hasTablesOf(definition, build);
    if (!isSame || held.length !== made.length || !held.every((table) => fits(table, made))) {
      // Empty, and marked as another version's: it is made anew as by an upgrade, which knows what was discarded and lets
      // what was parked in it go.
      await client.query(
        `update projection_builds set shape = 'restored' where projection_id = $1 and generation = $2`,
        [build.projection, build.generation],
      );
      others.push(build);
      continue;
    }
    await client.query(
      `update projection_builds set position = $3, event_id = $4, incarnation = $5, fingerprint = $6
       where projection_id = $1 and generation = $2`,
      [build.projection, build.generation, build.position, build.eventId, build.incarnation, build.fingerprint],
    );
  }
  return others;
}

async function remake(client: Client, definition: ProjectionDefinition, { generation }: BuildBackup): Promise<void> {
  const before = await client.query<{ generation: number }>(
    'select generation from projection_builds where projection_id = $1',
    [definition.id],
  );
  await client.query('delete from projection_builds where projection_id = $1', [definition.id]);
  await createBuild(client, definition, generation, 'live');
  await exposeBuild(client, definition, generation);
  for (const { generation: old } of before.rows) {
    if (old !== generation) await client.query(`drop schema if exists ${buildSchema(definition.id, old)} cascade`);
  }
}

function fits(table: TableBackup, made: readonly TableShape[]): boolean {
  const found = made.find(({ schema, name }) => schema === table.schema && name === table.name);
  return found !== undefined && table.columns.every((column) => found.columns.includes(column));
}

async function load(
  client: Client,
  tables: readonly TableBackup[],
  shapes: readonly TableShape[],
  { folder, onProgress }: RestoreOptions,
): Promise<void> {
  for (const table of tables) {
    if (!fits(table, shapes)) {
      throw new MillraceError(
        'RESTORE_DIFFERS',
        `The backup holds ${table.schema}.${table.name} (${table.columns.join(', ')}), which this program does not make so.`,
      );
    }
    onProgress?.({ step: 'loading', table: table.name, rows: table.rows });
    // What the preparation put there; the log itself is empty and refuses this.
    const held = await client.query(`select 1 from ${qualified(table)} limit 1`);
    if (held.rowCount !== 0) await client.query(`delete from ${qualified(table)}`);
    const columns = table.columns.map(quoted).join(', ');
    await pipeline(
      createReadStream(join(folder, table.file)),
      createGunzip(),
      client.query(copyFrom(`copy ${qualified(table)} (${columns}) from stdin`)),
    );
    const identity = shapes.find(({ schema, name }) => schema === table.schema && name === table.name)?.identity;
    if (typeof identity === 'string') {
      await client.query(
        `select setval(pg_get_serial_sequence($1, $2), greatest(max(${quoted(identity)}), 1), max(${quoted(identity)}) is not null)
         from ${qualified(table)}`,
        [qualified(table), identity],
      );
    }
    onProgress?.({ step: 'verifying', table: table.name, rows: table.rows });
    const digest = await digestOf(client, table);
    if (digest.rows !== table.rows || String(digest.hash) !== table.hash) {
      throw new MillraceError(
        'RESTORE_DIFFERS',
        `${table.schema}.${table.name} has ${digest.rows} rows after the load and another hash than the ${table.rows} of the backup.`,
      );
    }
  }
  await client.query('analyze');
}
