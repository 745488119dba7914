import { setTimeout as pause } from 'node:timers/promises';
import path from 'node:path';
import { readSettings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { ClefLine } from '../../telemetry/clef-read.ts';
import { listLogFiles } from '../../telemetry/log-files.ts';
import type { LogsOptions } from '../commands/logs.ts';
import type { Terminal } from '../terminal.ts';
import { LineFinder } from './found-lines.ts';
import { parseQuery } from './query/parse.ts';

const lookAgainMs = 250;

/**
 * Prints the lines of the log files that fit a query. Throws LOG_QUERY_INVALID, LOG_FILES_MISSING.
 * @param signal ends following
 */
export async function logs(
  query: string | undefined,
  options: LogsOptions,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<void> {
  const expression = query === undefined || query.trim() === '' ? undefined : parseQuery(query);
  const folder = options.folder === undefined ? folderOfSettings() : path.resolve(options.folder);
  if (options.follow !== true && listLogFiles(folder).length === 0) {
    throw new MillraceError('LOG_FILES_MISSING', `There are no log files in ${folder}. "millrace start" writes them.`);
  }
  const finder = new LineFinder(folder, expression, options.since);
  const print = (line: ClefLine) => terminal.out(options.json === true ? line.text : describeLine(line));
  const { lines, left } = newest(finder, options.last);
  for (const line of lines) print(line);
  if (left > 0) terminal.err(`${left} older lines fit as well; --last ${lines.length + left} prints them.`);
  if (lines.length === 0) terminal.err(`None of ${finder.looked} lines fits.`);
  for (;;) {
    if (options.follow !== true || signal?.aborted === true) return;
    for (const line of inOrder([...finder.more()])) print(line);
    await pause(lookAgainMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

function folderOfSettings(): string {
  const { folder } = readSettings(process.env).logs;
  if (folder !== undefined) return folder;
  throw new MillraceError(
    'LOG_FILES_MISSING',
    'LOG_FOLDER is none: there are no log files. --folder names another one.',
  );
}

/** The newest lines that fit, and how many older ones do; never many more in memory than are wanted. */
function newest(finder: LineFinder, wanted: number): { readonly lines: readonly ClefLine[]; readonly left: number } {
  let lines: ClefLine[] = [];
  let found = 0;
  for (const line of finder.more()) {
    found++;
    lines.push(line);
    if (lines.length > 4 * wanted + 1_000) lines = inOrder(lines).slice(-wanted);
  }
  lines = inOrder(lines).slice(-wanted);
  return { lines, left: found - lines.length };
}

/** Processes write files of their own: only the time tells in which order it happened. */
function inOrder(lines: readonly ClefLine[]): ClefLine[] {
  return [...lines].sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
}

/** What stands in the line already, or is the same in all of them. */
const untold = new Set([
  'Timestamp',
  'Message',
  'MessageTemplate',
  'Level',
  'Component',
  'ServiceType',
  'Application',
  'ProcessId',
]);

/** @example '2026-01-31T09:00:00.000Z Error OutboxWorker relay failed and goes on trying  Code=ECONNREFUSED' */
export function describeLine({ time, values }: ClefLine): string {
  const template = textOf(values['MessageTemplate']);
  const rest = Object.entries(values)
    .filter(([name]) => !untold.has(name) && name !== 'Exception' && !template.includes(`{${name}}`))
    .map(([name, value]) => `${name}=${textOf(value)}`);
  const head = [time, textOf(values['Level']), textOf(values['Component']), textOf(values['Message'])].join(' ');
  const exception = values['Exception'];
  const line = rest.length === 0 ? head : `${head}  ${rest.join(' ')}`;
  return exception === undefined ? line : `${line}\n    ${textOf(exception).replaceAll('\n', '\n    ')}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
