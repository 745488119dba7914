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
      const message = error.message.replace(/^error: /, '');
      const asked = args.length === 0 ? 'Say what to do, for example: millrace start. See millrace --help.' : message;
      return reportFailure(new MillraceError('USAGE', asked, { cause: error }), terminal, false);
    }
    return reportFailure(error, terminal, args.includes('--debug'));
  }
}
