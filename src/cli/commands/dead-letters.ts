import { Command } from 'commander';
import { wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface DeadLetterOptions {
  readonly url?: string;
  readonly json?: boolean;
  /** What the broker refused, instead of what a projection could not take. */
  readonly relay?: boolean;
  readonly reason?: string;
}

/** Which keys an action is about. */
export interface GroupOptions extends DeadLetterOptions {
  readonly projection?: string;
  readonly key?: string;
  readonly event?: string;
}

export interface ListOptions extends GroupOptions {
  readonly all?: boolean;
  readonly status?: string;
  readonly after?: number;
  readonly limit?: number;
}

const url = ['--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)'] as const;
const json = ['--json', 'print JSON'] as const;
const relay = ['--relay', 'of the events that the broker refused'] as const;
const reason = ['--reason <text>', 'why; it is kept'] as const;
const projection = ['--projection <id>', 'only of this projection'] as const;
const key = ['--key <key>', 'only of this ordering key'] as const;
const letterId = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** `millrace dead-letters list|show|retry|retry-all|discard` */
export function deadLettersCommand(terminal: Terminal): Command {
  const command = new Command('dead-letters').description(
    'events that a projection could not take or the broker refused, and those behind them',
  );
  for (const make of [list, show, retry, retryAll, discard]) command.addCommand(make(terminal));
  return command.addHelpText('after', '\nExample:\n  millrace dead-letters list');
}

function list(terminal: Terminal): Command {
  return new Command('list')
    .description('list what waits, the oldest first')
    .option('--all', 'with those that do not wait any more')
    .option(...projection)
    .option(...key)
    .option('--event <type>', 'only events of this type')
    .option('--status <status>', 'only of this status; manual: failed, and not tried again by itself')
    .option('--after <id>', 'only those with a higher number', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--limit <n>', 'at most so many (default: 100)', wholeNumber(1, 1_000))
    .option(...relay)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters list --status manual')
    .action(async (options: ListOptions) => {
      const { listDeadLetters } = await import('../operate/dead-letters.ts');
      await listDeadLetters(options, terminal);
    });
}

function show(terminal: Terminal): Command {
  return new Command('show')
    .description('show one, with its event and what waits behind it')
    .argument('<id>', 'number of the dead letter', letterId)
    .option(...relay)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters show 12')
    .action(async (id: number, options: DeadLetterOptions) => {
      const { showDeadLetter } = await import('../operate/dead-letters.ts');
      await showDeadLetter(id, options, terminal);
    });
}

function retry(terminal: Terminal): Command {
  return new Command('retry')
    .description('apply or publish the parked events of the key again, in their order')
    .argument('<id>', 'number of the dead letter', letterId)
    .option(...reason)
    .option(...relay)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters retry 12')
    .action(async (id: number, options: DeadLetterOptions) => {
      const { resolveDeadLetter } = await import('../operate/dead-letters.ts');
      await resolveDeadLetter('retry', id, options, terminal);
    });
}

function retryAll(terminal: Terminal): Command {
  return new Command('retry-all')
    .description('apply or publish the parked events of many keys again: of all, or of a group')
    .option(...projection)
    .option(...key)
    .option('--event <type>', 'only keys whose first parked event is of this type')
    .option(...reason)
    .option(...relay)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters retry-all --event OrderPlaced --reason "handler mended"')
    .action(async (options: GroupOptions) => {
      const { retryDeadLetters } = await import('../operate/dead-letters.ts');
      await retryDeadLetters(options, terminal);
    });
}

function discard(terminal: Terminal): Command {
  return new Command('discard')
    .description('give one event up for good; the key goes on behind it, and a rebuild leaves it out as well')
    .argument('<id>', 'number of the dead letter', letterId)
    .requiredOption(...reason)
    .option(...relay)
    .option(...url)
    .option(...json)
    .addHelpText('after', '\nExample:\n  millrace dead-letters discard 12 --reason "test data"')
    .action(async (id: number, options: DeadLetterOptions) => {
      const { resolveDeadLetter } = await import('../operate/dead-letters.ts');
      await resolveDeadLetter('discard', id, options, terminal);
    });
}
