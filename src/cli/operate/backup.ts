import path from 'node:path';
import { backUp, type BackupProgress } from '../../backup/backup.ts';
import { restore } from '../../backup/restore.ts';
import { archiveToRead, hidePassword, readSettings } from '../../config.ts';
import { migrateSystem } from '../../migrate-system.ts';
import { loadApplication } from '../application-file.ts';
import type { BackupCommandOptions } from '../commands/backup.ts';
import { packageVersion } from '../package-version.ts';
import { reachDatabases } from '../start/database-urls.ts';
import type { Terminal } from '../terminal.ts';

/** Copies both databases into a folder and says what is in it. */
export async function backUpDatabases(given: string, options: BackupCommandOptions, terminal: Terminal): Promise<void> {
  const folder = path.resolve(given);
  const { system } = await loadApplication(options.app);
  const databases = await reachDatabases(readSettings(process.env), system, terminal.err);
  try {
    const version = packageVersion();
    const onProgress = progressOn(terminal, options);
    const manifest = await backUp({ ...databases, system, folder, version, onProgress });
    terminal.endProgress();
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const bytes = manifest.tables.reduce((sum, table) => sum + table.bytes, 0);
    if (options.json === true) {
      terminal.out(JSON.stringify({ folder, head: manifest.head, tables: manifest.tables.length, rows, bytes }));
      return;
    }
    terminal.out(`The backup of ${system.name} is in ${folder}: the log up to position ${manifest.head},`);
    terminal.out(
      `${manifest.tables.length} tables, ${rows} rows, ${(bytes / 1e6).toFixed(1)} MB. It holds personal data.`,
    );
  } finally {
    await databases.embedded?.stop();
  }
}

/** Puts a backup into the databases that the settings name, or into a new data folder, and says what was compared. */
export async function restoreDatabases(
  given: string,
  options: BackupCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const folder = path.resolve(given);
  const { system } = await loadApplication(options.app);
  const settings = readSettings(process.env);
  const databases = await reachDatabases(settings, system, terminal.err);
  try {
    const prepare = () => migrateSystem(system, databases, archiveToRead(settings));
    const onProgress = progressOn(terminal, options);
    const { manifest, tables, rows, builtFromLog } = await restore({
      ...databases,
      system,
      folder,
      prepare,
      onProgress,
    });
    terminal.endProgress();
    const into = hidePassword(databases.eventStoreUrl);
    if (options.json === true) {
      terminal.out(JSON.stringify({ into, head: manifest.head, tables, rows, builtFromLog }));
      return;
    }
    terminal.out(`${system.name} is restored into ${into}: the log up to position ${manifest.head}.`);
    terminal.out(
      `${tables} tables and ${rows} rows are what the backup of ${manifest.begunAt} says, by count and hash.`,
    );
    for (const id of builtFromLog)
      terminal.out(`${id} has other tables in this version: it was made anew from the log.`);
  } finally {
    await databases.embedded?.stop();
  }
}

function progressOn(terminal: Terminal, options: BackupCommandOptions): (progress: BackupProgress) => void {
  if (options.json === true) return () => undefined;
  return ({ step, table, rows }) => terminal.progress(`${step} ${table}: ${rows} rows`);
}
