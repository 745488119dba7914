import { Command } from 'commander';
import { sinceWhen, wholeNumber } from '../option-values.ts';
import type { Terminal } from '../terminal.ts';

export interface LogsOptions {
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly last: number;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly folder?: string;
}

const usualLast = 1_000;

/** `millrace logs [query]` */
export function logsCommand(terminal: Terminal): Command {
  return new Command('logs')
    .description('find lines of the log files: those that fit a query, or all; the oldest first')
    .argument('[query]', 'such as: CorrelationId = "abc-123"')
    .option('--since <time>', 'only lines since then: 15m, 2h, or an ISO time', sinceWhen)
    .option('--last <n>', 'the newest so many (default: 1000)', wholeNumber(1, 1_000_000), usualLast)
    .option('--follow', 'go on with what comes, until Ctrl-C')
    .option('--json', 'print the lines as they stand in the files')
    .option('--folder <folder>', 'where the files are (default: LOG_FOLDER)')
    .addHelpText('after', '\nExample:\n  millrace logs \'ServiceType = "OutboxWorker" AND Level = "Error"\' --since 1h')
    .action(async (query: string | undefined, options: LogsOptions) => {
      const { logs } = await import('../logs/logs.ts');
      await logs(query, options, terminal);
    });
}
