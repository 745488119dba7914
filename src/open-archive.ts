import pg from 'pg';
import type { Archive, ArchiveRunResult, ArchiveVerification } from './archive/archive.ts';
import { ArchiveFolder } from './archive/archive-folder.ts';
import { ArchiveJob } from './archive/archive-job.ts';
import type { ArchiveOptions } from './archive/archive-options.ts';
import { PostgresArchive } from './archive/postgres-archive.ts';
import { verifyArchive } from './archive/verify-archive.ts';
import { newEventId } from './events/event-id.ts';
import { endingTypes, type SystemDefinition } from './system.ts';

/** The archive of a system without the system around it. */
export interface OpenArchive extends AsyncDisposable {
  readonly archive: Archive;
  /** One run now. Throws ARCHIVE_IN_PROGRESS when another process archives, ARCHIVE_FAILED. */
  run(onProgress?: (events: number) => void): Promise<ArchiveRunResult>;
  /** Reads all archive files and compares them with what is recorded. */
  verify(onFile?: (name: string) => void): Promise<ArchiveVerification>;
}

/**
 * Opens the archive beside a running system or without one.
 * @example await using opened = openArchive(cart, { eventStoreUrl, readModelsUrl }, { folder: '/srv/archive' });
 */
export function openArchive(
  definition: SystemDefinition,
  urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string },
  options: ArchiveOptions,
): OpenArchive {
  const eventStore = poolOf(urls.eventStoreUrl);
  const readModels = poolOf(urls.readModelsUrl);
  const names = definition.tables;
  return {
    archive: new PostgresArchive(eventStore, names, options.folder),
    run: (onProgress) =>
      new ArchiveJob({
        ...options,
        eventStore,
        readModels,
        log: definition.name,
        names,
        endingTypes: endingTypes(definition),
        projections: definition.projections.map(({ id }) => id),
        instance: newEventId(),
      }).runNow(onProgress),
    verify: (onFile) => verifyArchive(eventStore, names, new ArchiveFolder(options.folder), onFile),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([eventStore.end(), readModels.end()]);
    },
  };
}

function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 3,
    connectionTimeoutMillis: 10_000,
    options: '-c jit=off -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s',
  });
  // A connection that breaks while nobody uses it is no news; the next question fails and says so.
  pool.on('error', () => undefined);
  return pool;
}
