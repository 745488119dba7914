import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { ArchiveFolder } from '../../src/archive/archive-folder.ts';
import { ArchiveJob, type ArchiveJobOptions } from '../../src/archive/archive-job.ts';
import type { ArchiveRunResult } from '../../src/archive/archive.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { endingTypes } from '../../src/system.ts';
import { eventually, exampleDatabases, reached, type ExampleDatabases } from './example-databases.ts';
import type { Step } from './example-system.ts';

/** The example with a folder of archive files, and a log that reads them. */
export interface ArchiveRig extends AsyncDisposable {
  readonly databases: ExampleDatabases;
  readonly folder: ArchiveFolder;
  /** Reads log and archive as one. */
  readonly log: PostgresLog;
  job(options?: Partial<ArchiveJobOptions>): ArchiveJob;
  /** One run that finds every event old enough. */
  run(options?: Partial<ArchiveJobOptions>): Promise<ArchiveRunResult>;
  /** All is published, applied and copied to the ledger, and the ledger's rows are past their retention. */
  settle(position: number): Promise<void>;
}

export async function archiveRig(options: { readonly extra?: boolean } = {}): Promise<ArchiveRig> {
  const databases = await exampleDatabases(options);
  const folder = new ArchiveFolder(await mkdtemp(path.join(os.tmpdir(), 'millrace-archive-')));
  const { system } = databases.example;
  const log = openPostgresLog({
    url: databases.eventStoreUrl,
    name: system.name,
    names: system.tables,
    archive: folder,
  });
  const pools = [databases.eventStoreUrl, databases.readModelsUrl].map((connectionString) => {
    const pool = new pg.Pool({ connectionString, max: 3 });
    pool.on('error', () => undefined);
    return pool;
  });
  const [eventStore, readModels] = pools;
  if (eventStore === undefined || readModels === undefined) throw new Error('two pools');
  const job = (more: Partial<ArchiveJobOptions> = {}) =>
    new ArchiveJob({
      eventStore,
      readModels,
      log: system.name,
      names: system.tables,
      endingTypes: endingTypes(system),
      projections: system.projections.map(({ id }) => id),
      instance: newEventId(),
      folder: folder.path,
      afterMs: 0,
      restsFor: 0,
      ...more,
    });
  databases.onEnd(() => Promise.all([log.close(), ...pools.map((pool) => pool.end())]));
  return {
    databases,
    folder,
    log,
    job,
    run: (more) => job(more).runNow(),
    async settle(position) {
      for (const { id } of system.projections) await reached(databases, position, id);
      await eventually('the ledger has everything', async () => {
        const [row] = await databases.store<{ position: string }>('select position from lag_cursor');
        return Number(row?.position) >= position;
      });
      await databases.store('delete from event_processing_lag');
    },
    async [Symbol.asyncDispose]() {
      await databases[Symbol.asyncDispose]();
      await rm(folder.path, { recursive: true, force: true });
    },
  };
}

/** Accepted, moved, delivered: a closed stream of three events. */
export function delivered(parcel: string, depot = 'north', weight = 100): Step[] {
  return [
    { parcel, what: 'accepted', depot, weight },
    { parcel, what: 'moved', depot: 'south' },
    { parcel, what: 'delivered' },
  ];
}
