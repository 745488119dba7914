import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export interface BackupCommandOptions {
  readonly app?: string;
  readonly json?: boolean;
}

/** `millrace backup` */
export function backupCommand(terminal: Terminal): Command {
  return new Command('backup')
    .description('copy both databases into a folder while the system runs')
    .argument('<folder>', 'where to; made when it is not there, and must be empty')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace backup /backups/2026-01-31')
    .action(async (folder: string, options: BackupCommandOptions) => {
      const { backUpDatabases } = await import('../operate/backup.ts');
      await backUpDatabases(folder, options, terminal);
    });
}

/** `millrace restore` */
export function restoreCommand(terminal: Terminal): Command {
  return new Command('restore')
    .description('put a backup into empty databases, and compare every table with what was copied')
    .argument('<folder>', 'what millrace backup has written')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  MILLRACE_DATA=/var/lib/shop millrace restore /backups/2026-01-31')
    .action(async (folder: string, options: BackupCommandOptions) => {
      const { restoreDatabases } = await import('../operate/backup.ts');
      await restoreDatabases(folder, options, terminal);
    });
}
