import { pino, type Logger } from 'pino';
import { errorForLog, type LoggedError } from '../../telemetry/error-for-log.ts';
import { logEvents, type LogEventName, type LogValues, type WriteLog } from '../../telemetry/log-events.ts';
import { errorValues } from '../../telemetry/log-writer.ts';

const byText = new Map<string, LogEventName>(
  Object.entries(logEvents).flatMap(([name, { template }]) => (isEvent(name) ? [[template, name] as const] : [])),
);

function isEvent(name: string): name is LogEventName {
  return name in logEvents;
}

/** What pino writes of a line: what the server's parts hand over, by their names for it. */
interface ServerLine {
  readonly level: number;
  readonly msg?: unknown;
  readonly err?: unknown;
  readonly code?: unknown;
  readonly correlationId?: unknown;
  readonly feed?: unknown;
}

const warning = 40;
const failure = 50;

/**
 * The logger of the server, which has pino's shape. Its lines are those of the table by their text; of others only that
 * there was one is told, when it is a warning or worse: nobody knows what their texts hold.
 */
export function serverLogger(log: WriteLog): Logger {
  return pino({ level: 'info', base: null, serializers }, { write: (line: string) => passOn(log, line) });
}

const serializers = { err: (error: unknown) => (error instanceof Error ? errorForLog(error) : error) };

/** Writes what of a line of pino's the table allows. */
export function passOn(log: WriteLog, text: string): void {
  // Written by pino a moment ago.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const line = JSON.parse(text) as ServerLine;
  const name = byText.get(typeof line.msg === 'string' ? line.msg : '');
  if (name === undefined && line.level < warning) return;
  const level = line.level >= failure ? 'Error' : line.level >= warning ? 'Warning' : 'Information';
  const code = textOf(line.code);
  const values = {
    ...(isLoggedError(line.err) ? errorValues(name === undefined ? { type: line.err.type } : line.err) : {}),
    ...(code === undefined ? {} : { Code: code }),
    CorrelationId: textOf(line.correlationId),
    Feed: textOf(line.feed),
  };
  log(name ?? 'unlisted', values satisfies LogValues<'liveStreamFailed'>, { level });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isLoggedError(value: unknown): value is LoggedError {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
