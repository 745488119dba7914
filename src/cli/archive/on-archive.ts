import { archiveFolder, archiveToRead, readSettings } from '../../config.ts';
import { findRunningPostgres } from '../../embedded/find-running-postgres.ts';
import { MillraceError } from '../../errors.ts';
import { migrateSystem } from '../../migrate-system.ts';
import { openArchive, type OpenArchive } from '../../open-archive.ts';
import { loadApplication } from '../application-file.ts';
import type { ArchiveCommandOptions } from '../commands/archive.ts';
import { openDatabases } from '../start/database-urls.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Works with the archive of the application's databases. An embedded PostgreSQL that does not run is started for it. Throws
 * SETTING_INVALID when no folder is set.
 */
export async function onArchive<Result>(
  options: ArchiveCommandOptions,
  terminal: Terminal,
  work: (opened: OpenArchive) => Promise<Result>,
): Promise<Result> {
  const settings = readSettings(process.env);
  const folder = archiveFolder(settings);
  if (folder === undefined) {
    throw new MillraceError('SETTING_INVALID', 'ARCHIVE_FOLDER is not set: say where archive files stand.', {
      fields: [{ field: 'ARCHIVE_FOLDER', problem: 'is not set' }],
    });
  }
  const { system } = await loadApplication(options.app);
  const running = settings.eventStoreUrl === undefined ? await findRunningPostgres(settings.dataFolder) : undefined;
  const databases = running
    ? {
        eventStoreUrl: running.url(system.databases.eventStore),
        readModelsUrl: running.url(system.databases.readModels),
        embedded: undefined,
      }
    : await openDatabases(settings, Promise.resolve(system), terminal.err);
  try {
    if (databases.embedded !== undefined && settings.migrate)
      await migrateSystem(system, databases, archiveToRead(settings));
    await using opened = openArchive(system, databases, { folder, afterMs: settings.archive.afterMs });
    return await work(opened);
  } finally {
    await databases.embedded?.stop();
  }
}
