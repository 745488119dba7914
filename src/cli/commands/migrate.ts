import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

/** `millrace migrate` */
export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('prepare both databases; safe to run again')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace migrate')
    .action(async (options: { app?: string; json?: boolean }) => {
      const { migrate } = await import('../start/prepare-databases.ts');
      await migrate(options, terminal);
    });
}
