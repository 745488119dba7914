import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export interface MigrateCommandOptions {
  readonly app?: string;
  readonly json?: boolean;
  /** True without a prefix. */
  readonly grants?: string | true;
}

/** `millrace migrate` */
export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('prepare both databases; safe to run again')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option(
      '--grants [prefix]',
      'also make the group roles <prefix>_api, _relay, _projector and _reader (default: millrace_…), each with the rights that it needs and no others',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace migrate\n  millrace migrate --grants shop')
    .action(async (options: MigrateCommandOptions) => {
      const { migrate } = await import('../start/prepare-databases.ts');
      await migrate(options, terminal);
    });
}
