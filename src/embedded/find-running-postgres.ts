import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileNames, locateHome } from './placement.ts';
import { livingPostmaster } from './postmaster-file.ts';
import { connectionUrl } from './server-access.ts';
import { readIfThere } from './whole-file.ts';

/** A server that another process started. */
export interface FoundPostgres {
  readonly port: number;
  /** Connection URL for a database of it. Creates nothing. Holds the password. */
  url(database: string): string;
}

/**
 * Finds the server that runs on a data folder, from another process. `undefined` when none runs or none is ready.
 * Only the account that started Millrace (and root) can read the password.
 * @example (await findRunningPostgres('.millrace'))?.url('event_store')
 */
export async function findRunningPostgres(dataFolder: string): Promise<FoundPostgres | undefined> {
  const home = await locateHome(dataFolder);
  const cluster = await realpath(path.join(home, fileNames.cluster)).catch(() => undefined);
  if (cluster === undefined) return undefined;
  const [server, password] = await Promise.all([
    livingPostmaster(cluster),
    readIfThere(path.join(home, fileNames.password)),
  ]);
  if (server?.status !== 'ready' || password === undefined) return undefined;
  const access = { port: server.port, password: password.trim() };
  return { port: access.port, url: (database) => connectionUrl(access, database) };
}
