import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { MillraceError } from '../errors.ts';
import type { SystemDefinition } from '../system.ts';
import { whileArchiveRests } from './archive-rests.ts';
import { copyTable, defaultPageSize, readable, type CopyOptions } from './copy-table.ts';
import { backupFormat, manifestName, type BackupManifest, type BuildBackup, type TableBackup } from './manifest.ts';
import { eventStoreTables, qualified, readModelTables, tablesOf } from './tables.ts';

/** How far a backup or restore is. */
export interface BackupProgress {
  readonly step: 'copying' | 'checking files' | 'loading' | 'verifying';
  readonly table: string;
  readonly rows: number;
}

export interface BackupOptions {
  readonly system: SystemDefinition;
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  /** Is made when it is not there; must be empty. */
  readonly folder: string;
  /** The version of the program. */
  readonly version: string;
  /** Rows that are read in one moment from tables that grow with the log. Default 20,000. */
  readonly pageSize?: number;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Copies both databases of a system into a folder while it runs. The read models are taken first, in one snapshot, then
 * the event store up to its head: so the log holds every event that the read models have seen, and after a restore they
 * go on from their checkpoints. The event store is never held in a snapshot for longer than its small tables take.
 * The manifest is written last. Throws BACKUP_FOLDER_IN_USE, SCHEMA_MISSING,
 * ARCHIVE_IN_PROGRESS.
 * @example await backUp({ system, eventStoreUrl, readModelsUrl, folder: '/backups/2026-01-31', version: '0.1.0' });
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const { system, folder } = options;
  await prepareFolder(folder);
  const begunAt = new Date().toISOString();
  const models = await copyReadModels(options);
  const events = await whileArchiveRests(options.eventStoreUrl, () => copyEventStore(options));
  const manifest: BackupManifest = {
    format: backupFormat,
    millrace: options.version,
    system: system.name,
    begunAt,
    endedAt: new Date().toISOString(),
    head: events.head,
    builds: models.builds,
    tables: [...events.tables, ...models.tables],
  };
  await writeDurably(join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

async function prepareFolder(folder: string): Promise<void> {
  if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new MillraceError('BACKUP_FOLDER_IN_USE', `${folder} is not empty: a backup goes into a folder of its own.`);
  }
  // Accounts and personal data are in it: nobody else may read it.
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

async function copyReadModels(
  options: BackupOptions,
): Promise<{ readonly builds: BuildBackup[]; readonly tables: readonly TableBackup[] }> {
  return connected(options.readModelsUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const shapes = await tablesOf(client);
    if (!shapes.some(({ name }) => name === 'projection_builds')) throw unprepared('read models');
    const builds = await client.query<BuildBackup>(
      `select projection_id as projection, generation, position::float8 as position, event_id as "eventId", incarnation, fingerprint,
         shape
       from projection_builds where state = 'live' order by projection_id`,
    );
    const copied: TableBackup[] = [];
    for (const table of readModelTables(shapes, builds.rows)) {
      copied.push(await copyTable(table, { ...copying(options, table), client, database: 'read-models', head: 0 }));
    }
    await client.query('commit');
    return { builds: builds.rows, tables: copied };
  });
}

async function copyEventStore(
  options: BackupOptions,
): Promise<{ readonly head: number; readonly tables: readonly TableBackup[] }> {
  return connected(options.eventStoreUrl, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const shapes = await tablesOf(client);
    const { events } = options.system.tables;
    if (!shapes.some(({ name }) => name === events)) throw unprepared('event store');
    const found = await client.query<{ head: number }>(
      `select coalesce(max(position), 0)::float8 as head from ${qualified({ schema: 'public', name: events })}`,
    );
    const head = found.rows[0]?.head ?? 0;
    const ledger = await client.query<{ position: number }>('select position::float8 as position from lag_cursor');
    // What the ledger has copied later, it copies again from where its cursor stood.
    const upTo = (name: string): number => (name === 'lag_ledger' ? (ledger.rows[0]?.position ?? 0) : head);
    const copied: TableBackup[] = [];
    let isInSnapshot = true;
    for (const table of eventStoreTables(shapes, options.system)) {
      if (isInSnapshot && table.upTo !== undefined) {
        await client.query('commit');
        isInSnapshot = false;
      }
      const place = { client, database: 'event-store', head: upTo(table.name) } as const;
      copied.push(await copyTable(table, { ...copying(options, table), ...place }));
    }
    return { head, tables: copied };
  });
}

function copying(
  { folder, pageSize = defaultPageSize, onProgress }: BackupOptions,
  { name }: { readonly name: string },
): Pick<CopyOptions, 'folder' | 'pageSize' | 'onRows'> {
  return { folder, pageSize, onRows: (rows) => onProgress?.({ step: 'copying', table: name, rows }) };
}

/** Runs work on a connection whose texts mean the same everywhere, and ends it. */
export async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'millrace backup',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`${readable}; set statement_timeout to 0; set idle_in_transaction_session_timeout to '60s'`);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The file is there as a whole or not at all, also after a power cut. */
async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.part`, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.part`, file);
}

function unprepared(what: string): MillraceError {
  return new MillraceError('SCHEMA_MISSING', `The ${what} have not been prepared: there is nothing to back up.`);
}
