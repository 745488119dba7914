import { Command } from 'commander';
import { wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface ReplayOptions {
  readonly at?: number;
  readonly url?: string;
  readonly json?: boolean;
}

/** `millrace replay` */
export function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('print the events of a stream, or of whatever else the application finds by an id, in their order')
    .argument('<id>', 'a stream or another id that the application knows')
    .option('--at <version>', 'stop at this version', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', '\nExample:\n  millrace replay order-17 --at 3')
    .action(async (id: string, options: ReplayOptions) => {
      const { replay } = await import('../operate/replay.ts');
      await replay(id, options, terminal);
    });
}
