import { CommanderError } from 'commander';
import { MillraceError } from '../errors.ts';
import { exitCodes, reportFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/**
 * Runs the command line and answers the exit code: 0 done, 1 failed, 2 called wrongly. Never throws.
 * @param args without node and script
 * @example process.exitCode = await main(process.argv.slice(2));
 */
export async function main(args: readonly string[], terminal: Terminal = openTerminal()): Promise<number> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version come this way, too; they are no failure.
      if (error.exitCode === 0) return exitCodes.done;
      // Asked for nothing, commander prints the help and has no message but its own name for that.
      const option = args.findIndex((word) => word.startsWith('-'));
      const path = ['millrace', ...args.slice(0, option < 0 ? args.length : option)].join(' ');
      const message =
        error.code === 'commander.help' ? `Say what to do. See ${path} --help.` : error.message.replace(/^error: /, '');
      return reportFailure(new MillraceError('USAGE', message, { cause: error }), terminal, false);
    }
    return reportFailure(error, terminal, args.includes('--debug'));
  }
}
