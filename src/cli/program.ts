import { Command } from 'commander';
import { accountsCommand } from './commands/accounts.ts';
import { apiKeysCommand } from './commands/api-keys.ts';
import { archiveCommand } from './commands/archive.ts';
import { backupCommand, restoreCommand } from './commands/backup.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { doctorCommand } from './commands/doctor.ts';
import { loadCommand } from './commands/load.ts';
import { migrateCommand } from './commands/migrate.ts';
import { rebuildCommand } from './commands/rebuild.ts';
import { replayCommand } from './commands/replay.ts';
import { startCommand } from './commands/start.ts';
import { urlCommand } from './commands/url.ts';
import { MillraceError } from '../errors.ts';
import { packageVersion } from './package-version.ts';
import type { Terminal } from './terminal.ts';

/** The whole command line. What a command needs to work is imported when it runs: --help and start stay fast. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('millrace')
    .description('An event-driven backend in which every event is accounted for, hop by hop.')
    .version(packageVersion(), '--version', 'print the version')
    .option('--init-db', 'prepare the databases, as "millrace migrate" does')
    .option('--app <file>', 'with --init-db: file of the application')
    .option('--debug', 'with any command: show stack traces')
    .helpOption('--help', 'print help')
    .helpCommand(false)
    // Root and commands both know --app: what stands behind a command belongs to the command.
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', '\nExample:\n  millrace start')
    // A word that is no command comes to the action, which says so; commander would speak of too many arguments.
    .allowExcessArguments()
    .action(async (options: { initDb?: boolean; app?: string }, { args: [word] }: Command) => {
      if (word !== undefined) throw new MillraceError('USAGE', `There is no command "${word}". See millrace --help.`);
      if (options.initDb !== true) program.help({ error: true });
      const { migrate } = await import('./start/prepare-databases.ts');
      await migrate(options, terminal);
    });
  const commands = [
    startCommand,
    migrateCommand,
    urlCommand,
    doctorCommand,
    loadCommand,
    rebuildCommand,
    replayCommand,
    deadLettersCommand,
    archiveCommand,
    accountsCommand,
    apiKeysCommand,
    backupCommand,
    restoreCommand,
  ];
  for (const make of commands) program.addCommand(finish(make(terminal), program));
  return program;
}

/** What holds for every command and is not handed down by addCommand. */
function finish(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent).helpOption('--help', 'print help').helpCommand(false);
  if (command.commands.length === 0) command.option('--debug', 'show stack traces');
  for (const part of command.commands) finish(part, command);
  return command;
}
