import { clefWriter, type ProcessFacts } from './clef-line.ts';
import type { LoggedError } from './error-for-log.ts';
import { logEvents, logLevels, type LogLevelName, type WriteLog } from './log-events.ts';

/** `failure`: it must not be lost in a crash. `warning`: somebody at a terminal has to see it, as the first. */
export type LineSeverity = 'usual' | 'warning' | 'failure';

/** Where the lines of a process go. */
export interface LogSink {
  /** One line with its end. `way`: it is about a single request or event. */
  write(line: string, way: boolean, severity: LineSeverity): void;
}

export interface LogWriterOptions {
  readonly facts: ProcessFacts;
  /** Lines below are not written; undefined: none are. */
  readonly least: LogLevelName | undefined;
  readonly sink: LogSink;
}

const rank = new Map(logLevels.map((level, index) => [level, index]));

/**
 * Makes the function through which a process logs: lines of the table, as CLEF, to a sink.
 * @example const log = logWriter({ facts, least: 'Information', sink });
 */
export function logWriter({ facts, least, sink }: LogWriterOptions): WriteLog {
  const line = clefWriter(facts);
  const bound = least === undefined ? Infinity : (rank.get(least) ?? 0);
  const severityOf = (level: number): LineSeverity =>
    level >= (rank.get('Error') ?? 0) ? 'failure' : level >= (rank.get('Warning') ?? 0) ? 'warning' : 'usual';
  return (name, values, overrides = {}) => {
    const entry = logEvents[name];
    const level = rank.get(overrides.level ?? entry.level) ?? 0;
    if (level >= bound) sink.write(line(name, values, overrides), 'way' in entry, severityOf(level));
  };
}

const levelsOfSetting = new Map<string, LogLevelName>([
  ['trace', 'Verbose'],
  ['debug', 'Debug'],
  ['info', 'Information'],
  ['warn', 'Warning'],
  ['error', 'Error'],
  ['fatal', 'Fatal'],
]);

/** The levels of LOG_LEVEL in the words of the log; `silent` is none of them. */
export function levelOf(setting: string): LogLevelName | undefined {
  return levelsOfSetting.get(setting);
}

/** An error as properties of a line. */
export function errorValues(error: LoggedError): { Code?: string; ErrorType: string; Exception: string } {
  const { type, code } = error;
  return { ...(code === undefined ? {} : { Code: code }), ErrorType: type, Exception: exceptionText(error) };
}

/** As stack traces are written, with the text of our own errors alone. */
function exceptionText({ type, code, message, about, stack, cause }: LoggedError): string {
  const said = [code, about === undefined ? undefined : `at ${about}`, message].filter((part) => part !== undefined);
  const head = said.length === 0 ? type : `${type}: ${said.join(' ')}`;
  const own = stack === undefined ? head : `${head}\n${stack}`;
  return cause === undefined ? own : `${own}\nCaused by ${exceptionText(cause)}`;
}
