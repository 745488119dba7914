import { Argument, Command } from 'commander';
import type { Terminal } from '../terminal.ts';

/** `millrace url event-store|read-models` */
export function urlCommand(terminal: Terminal): Command {
  return new Command('url')
    .description('print the connection URL of a database, password included, and nothing else')
    .addArgument(new Argument('<database>', 'which one').choices(['event-store', 'read-models']))
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .addHelpText('after', '\nExample:\n  psql "$(npx millrace url event-store)"')
    .action(async (database: 'event-store' | 'read-models', options: { app?: string }) => {
      const { databaseUrl } = await import('../start/database-urls.ts');
      terminal.out(await databaseUrl(database, options));
    });
}
