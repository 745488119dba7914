import type { EventLogMode } from '../../src/config.ts';
import { serverLogger } from '../../src/cli/logs/server-logger.ts';
import { parseQuery } from '../../src/cli/logs/query/parse.ts';
import { compileExpression } from '../../src/cli/logs/query/expression.ts';
import { readClef, type ClefLine } from '../../src/telemetry/clef-read.ts';
import { logWriter } from '../../src/telemetry/log-writer.ts';
import { makeSystemLog } from '../../src/telemetry/system-log.ts';

/** The log of a process whose lines are kept in memory, in the form in which they would stand in its files. */
export function keptLog(mode: EventLogMode, slowMs = 60_000) {
  const lines: string[] = [];
  const log = logWriter({
    facts: { application: 'test', processId: 1, serviceType: 'Api' },
    least: 'Verbose',
    sink: { write: (line) => void lines.push(line.trimEnd()) },
  });
  return {
    lines,
    log,
    systemLog: makeSystemLog(log, { mode, slowMs }),
    logger: serverLogger(log),
    /** Lines that fit a query, as `millrace logs` finds them. */
    find(query: string): readonly ClefLine[] {
      const fits = compileExpression(parseQuery(query));
      return lines.flatMap((text) => {
        const line = readClef(text);
        return line !== undefined && fits(line.values) ? [line] : [];
      });
    },
  };
}
