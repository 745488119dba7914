import { Command } from 'commander';
import { wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface DeadLetterOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly projection?: string;
  readonly reason?: string;
}

const url = ['--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)'] as const;
const json = ['--json', 'print JSON'] as const;
const letterId = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** `millrace dead-letters list|retry|discard` */
export function deadLettersCommand(terminal: Terminal): Command {
  const command = new Command('dead-letters').description(
    'events that a projection could not take, and those behind them',
  );
  command
    .command('list')
    .description('list what waits, the oldest first')
    .option('--all', 'with those that were retried, discarded or rebuilt')
    .option('--projection <id>', 'only of this projection')
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters list')
    .action(async (options: DeadLetterOptions) => {
      const { listDeadLetters } = await import('../operate/dead-letters.ts');
      await listDeadLetters(options, terminal);
    });
  command
    .command('retry')
    .description('apply the parked events of the key again, in their order')
    .argument('<id>', 'number of the dead letter', letterId)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters retry 12')
    .action(async (id: number, options: DeadLetterOptions) => {
      const { resolveDeadLetter } = await import('../operate/dead-letters.ts');
      await resolveDeadLetter('retry', id, {}, options, terminal);
    });
  command
    .command('discard')
    .description('give one event up for good; the key goes on behind it, and a rebuild leaves it out as well')
    .argument('<id>', 'number of the dead letter', letterId)
    .requiredOption('--reason <text>', 'why; it is kept')
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters discard 12 --reason "test data"')
    .action(async (id: number, options: DeadLetterOptions) => {
      const { resolveDeadLetter } = await import('../operate/dead-letters.ts');
      await resolveDeadLetter('discard', id, { reason: options.reason ?? '' }, options, terminal);
    });
  return command.addHelpText('after', '\nExample:\n  millrace dead-letters list');
}
