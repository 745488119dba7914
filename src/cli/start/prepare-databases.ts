import { archiveToRead, hidePassword, readSettings } from '../../config.ts';
import { groupRoles, migrateSystem } from '../../migrate-system.ts';
import { loadApplication } from '../application-file.ts';
import type { MigrateCommandOptions } from '../commands/migrate.ts';
import type { Terminal } from '../terminal.ts';
import { reachDatabases } from './database-urls.ts';
import { renewingLine } from './renewing-line.ts';

/** Prepares both databases and says what it did. Works beside a running server and without one. */
export async function migrate(options: MigrateCommandOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings(process.env);
  const prefix = options.grants === true ? 'millrace' : options.grants;
  const roles = prefix === undefined ? undefined : groupRoles(prefix);
  const { system } = await loadApplication(options.app);
  const databases = await reachDatabases(settings, system, terminal.err);
  try {
    const onRenewing = renewingLine(terminal);
    const grants = prefix === undefined ? {} : { grants: prefix };
    await migrateSystem(system, databases, { onRenewing, ...archiveToRead(settings), ...grants });
  } finally {
    await databases.embedded?.stop();
  }
  const shown = {
    eventStore: hidePassword(databases.eventStoreUrl),
    readModels: hidePassword(databases.readModelsUrl),
  };
  if (options.json === true) {
    terminal.out(JSON.stringify({ system: system.name, prepared: shown, ...(roles === undefined ? {} : { roles }) }));
    return;
  }
  terminal.out(`The event store of ${system.name} is prepared: ${shown.eventStore}`);
  terminal.out(`Its read models are prepared: ${shown.readModels}`);
  if (roles === undefined) return;
  terminal.out(`Rights are given to ${Object.values(roles).join(', ')}.`);
  terminal.out(`A user of one: create role ${roles.api}_1 login password '…' in role ${roles.api};`);
}
