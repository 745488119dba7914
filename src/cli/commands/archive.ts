import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export interface ArchiveCommandOptions {
  readonly app?: string;
  readonly json?: boolean;
  readonly reason?: string;
}

const appOption = 'file of the application (default: "millrace": { "app": … } in package.json)';

/** `millrace archive` */
export function archiveCommand(terminal: Terminal): Command {
  const command = new Command('archive')
    .description('old events in files; works on the databases, beside a running server or without one')
    .addHelpText('after', '\nExample:\n  millrace archive status');
  command
    .command('run')
    .description('archive the old events of closed streams now')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace archive run')
    .action(async (options: ArchiveCommandOptions) => {
      const { runArchive } = await import('../archive/archive.ts');
      await runArchive(options, terminal);
    });
  command
    .command('status')
    .description('show how much is archived, what waits and why')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace archive status')
    .action(async (options: ArchiveCommandOptions) => {
      const { showArchive } = await import('../archive/archive.ts');
      await showArchive(options, terminal);
    });
  command
    .command('verify')
    .description('read every archive file, compare it with the record, and count that no event is missing')
    .option('--app <file>', appOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace archive verify')
    .action(async (options: ArchiveCommandOptions) => {
      const { verifyFiles } = await import('../archive/archive.ts');
      await verifyFiles(options, terminal);
    });
  command
    .command('pause')
    .description('let whoever archives stop before the next batch, until "resume"')
    .option('--reason <text>', 'why; it is shown')
    .option('--app <file>', appOption)
    .addHelpText('after', '\nExample:\n  millrace archive pause --reason "backup runs"')
    .action(async (options: ArchiveCommandOptions) => {
      const { pauseArchive } = await import('../archive/archive.ts');
      await pauseArchive(options, terminal);
    });
  command
    .command('resume')
    .description('let the archive go on')
    .option('--app <file>', appOption)
    .addHelpText('after', '\nExample:\n  millrace archive resume')
    .action(async (options: ArchiveCommandOptions) => {
      const { resumeArchive } = await import('../archive/archive.ts');
      await resumeArchive(options, terminal);
    });
  return command;
}
