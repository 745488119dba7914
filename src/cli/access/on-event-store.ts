import os from 'node:os';
import type { Access } from '../../access/access.ts';
import type { AccessDefinition } from '../../access/policy.ts';
import type { ChangeBy } from '../../access/principal.ts';
import { archiveToRead, readSettings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import { migrateSystem } from '../../migrate-system.ts';
import { openAccess } from '../../open-access.ts';
import { loadApplication } from '../application-file.ts';
import type { AccessOptions } from '../commands/accounts.ts';
import { reachDatabases } from '../start/database-urls.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Works with the accounts and API keys of the application's event store: before anybody can sign in there is no other way.
 * An embedded PostgreSQL that does not run is started for it, and prepared when it is new.
 */
export async function onEventStore<Result>(
  options: AccessOptions,
  terminal: Terminal,
  work: (access: Access, definition: AccessDefinition) => Promise<Result>,
): Promise<Result> {
  const settings = readSettings(process.env);
  const { system, access: definition } = await loadApplication(options.app);
  if (definition === undefined) {
    throw new MillraceError('APP_INVALID', `The application ${system.name} does not say who may use it.`);
  }
  const databases = await reachDatabases(settings, system, terminal.err);
  try {
    if (databases.embedded !== undefined && settings.migrate)
      await migrateSystem(system, databases, archiveToRead(settings));
    await using opened = openAccess(databases.eventStoreUrl);
    return await work(opened.access, definition);
  } finally {
    await databases.embedded?.stop();
  }
}

/** Whoever can reach the database may; the record says who it was on this machine. */
export function changeBy({ reason }: AccessOptions): ChangeBy {
  const actor = `command-line:${os.userInfo().username}`;
  return reason === undefined ? { actor } : { actor, reason };
}
