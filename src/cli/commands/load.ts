import { Command } from 'commander';
import { wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface LoadOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
  readonly app?: string;
  readonly url?: string;
  readonly journal?: string;
  readonly verify?: string;
  readonly check: boolean;
  /** Seconds. */
  readonly wait: number;
  readonly json?: boolean;
}

/** `millrace load` */
export function loadCommand(terminal: Terminal): Command {
  return new Command('load')
    .description("send the application's load at a fixed rate, then check that no event is lost")
    .option('--rate <n>', 'commands a second', wholeNumber(1, 100_000), 100)
    .option('--seconds <n>', 'how long', wholeNumber(1, 86_400), 10)
    .option('--connections <n>', 'connections kept open', wholeNumber(1, 1_000), 64)
    .option('--journal <file>', 'write down what was accepted, line by line, for --verify')
    .option('--verify <file>', 'send nothing; check what a journal says against the server as it is now')
    .option('--wait <seconds>', 'how long the check waits for read model and ledger', wholeNumber(0, 3_600), 60)
    .option('--no-check', 'leave the check out')
    .option('--app <file>', 'file of the application (default: "millrace": { "app": … } in package.json)')
    .option('--url <url>', 'where the server is (default: MILLRACE_URL, or the one that runs here)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  millrace load --rate 1000 --seconds 30')
    .action(async (options: LoadOptions) => {
      const { runLoad } = await import('../load/run-load.ts');
      await runLoad(options, terminal);
    });
}
