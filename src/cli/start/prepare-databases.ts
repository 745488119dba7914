import { hidePassword, readSettings } from '../../config.ts';
import { findRunningPostgres } from '../../embedded/find-running-postgres.ts';
import { migrateSystem } from '../../migrate-system.ts';
import { loadApplication } from '../application-file.ts';
import type { Terminal } from '../terminal.ts';
import { openDatabases, type Databases } from './database-urls.ts';

/** Prepares both databases and says what it did. Works beside a running server and without one. */
export async function migrate(
  options: { readonly app?: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const settings = readSettings(process.env);
  const { system } = await loadApplication(options.app);
  const own = settings.eventStoreUrl !== undefined;
  const running = own ? undefined : await findRunningPostgres(settings.dataFolder);
  const databases: Databases = running
    ? {
        eventStoreUrl: running.url(system.databases.eventStore),
        readModelsUrl: running.url(system.databases.readModels),
        embedded: undefined,
      }
    : await openDatabases(settings, Promise.resolve(system), terminal.err);
  try {
    await migrateSystem(system, databases);
  } finally {
    await databases.embedded?.stop();
  }
  const shown = {
    eventStore: hidePassword(databases.eventStoreUrl),
    readModels: hidePassword(databases.readModelsUrl),
  };
  if (options.json === true) {
    terminal.out(JSON.stringify({ system: system.name, prepared: shown }));
    return;
  }
  terminal.out(`The event store of ${system.name} is prepared: ${shown.eventStore}`);
  terminal.out(`Its read models are prepared: ${shown.readModels}`);
}
