import { readSettings, type Settings } from '../../config.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../embedded/start-embedded-postgres.ts';
import { findRunningPostgres } from '../../embedded/find-running-postgres.ts';
import { MillraceError } from '../../errors.ts';
import type { SystemDefinition } from '../../system.ts';
import { loadApplication } from '../application-file.ts';

/** The two databases of a system, and the server that was started for them, when one was. */
export interface Databases {
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
  /** Undefined when the settings name a server of yours. */
  readonly embedded: EmbeddedPostgres | undefined;
}

/**
 * The databases that the settings name; without them, those of an embedded PostgreSQL that is started now. Whoever
 * calls stops it.
 */
export async function openDatabases(
  settings: Settings,
  definition: Promise<SystemDefinition>,
  report: (line: string) => void,
): Promise<Databases> {
  const { eventStoreUrl, readModelsUrl } = settings;
  if (eventStoreUrl !== undefined && readModelsUrl !== undefined) {
    return { eventStoreUrl, readModelsUrl, embedded: undefined };
  }
  const embedded = await startEmbeddedPostgres({ dataFolder: settings.dataFolder, report });
  try {
    const { databases } = await definition;
    const [events, models] = [await embedded.url(databases.eventStore), await embedded.url(databases.readModels)];
    return { eventStoreUrl: events, readModelsUrl: models, embedded };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/**
 * The databases that the settings name, or those of the embedded PostgreSQL that runs on the data folder; when none runs it
 * is started, and whoever calls stops it.
 */
export async function reachDatabases(
  settings: Settings,
  system: SystemDefinition,
  report: (line: string) => void,
): Promise<Databases> {
  const running = settings.eventStoreUrl === undefined ? await findRunningPostgres(settings.dataFolder) : undefined;
  if (!running) return openDatabases(settings, Promise.resolve(system), report);
  const { eventStore, readModels } = system.databases;
  return { eventStoreUrl: running.url(eventStore), readModelsUrl: running.url(readModels), embedded: undefined };
}

/** The connection URL of one database of what runs now. Throws NOT_RUNNING. */
export async function databaseUrl(
  database: 'event-store' | 'read-models',
  options: { readonly app?: string },
): Promise<string> {
  const settings = readSettings(process.env);
  const given = database === 'event-store' ? settings.eventStoreUrl : settings.readModelsUrl;
  if (given !== undefined) return given;
  const found = await findRunningPostgres(settings.dataFolder);
  if (!found) {
    const message = `No PostgreSQL runs on the data folder ${settings.dataFolder}. Start it with "millrace start".`;
    throw new MillraceError('NOT_RUNNING', message);
  }
  const { databases } = (await loadApplication(options.app)).system;
  return found.url(database === 'event-store' ? databases.eventStore : databases.readModels);
}
