import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { MillraceError } from '../../errors.ts';
import { isObject, numberOrNull, textOrNull, type JsonFields } from '../json-shape.ts';

/** A command that was answered with success: from then on its event may not be lost. */
export interface Accepted {
  readonly n: number;
  /** Of the command's last event, as answered. */
  readonly position: number;
}

/** What a run wrote down. */
export interface JournalContent {
  readonly run: string;
  /** The log's head before the first request. */
  readonly after: number;
  readonly accepted: readonly Accepted[];
  /** Numbers of commands that were refused: they may not be in the log. Any other may be or not: nobody was told. */
  readonly refused: readonly number[];
}

/**
 * Writes a line for each answer before the next one is looked at, so that the file is true whatever is killed: the
 * server, or the load generator itself.
 */
export class Journal {
  readonly #file: number;

  /** Makes the file anew. */
  constructor(path: string, run: string, after: number) {
    this.#file = openSync(path, 'w');
    this.#write({ run, after });
  }

  accepted(entry: Accepted): void {
    this.#write(entry);
  }

  refused(n: number): void {
    this.#write({ n, refused: true });
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(entry: object): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** Reads a journal. A last line that was cut off is left out. Throws USAGE when the file is no journal. */
export function readJournal(path: string): JournalContent {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MillraceError('USAGE', `The journal ${path} cannot be read.`, { cause });
  }
  const entries = text.split('\n').slice(0, -1).map(parseLine);
  const head = entries[0];
  const run = head && textOrNull(head, 'run');
  const after = head && numberOrNull(head, 'after');
  if (run === null || run === undefined || after === null || after === undefined) {
    throw new MillraceError('USAGE', `${path} is no journal of "millrace load --journal".`);
  }
  const accepted: Accepted[] = [];
  const refused: number[] = [];
  for (const entry of entries.slice(1)) {
    const [n, position] = [numberOrNull(entry, 'n'), numberOrNull(entry, 'position')];
    if (n !== null && entry['refused'] === true) refused.push(n);
    else if (n !== null && position !== null) accepted.push({ n, position });
    else
      throw new MillraceError('USAGE', `${path} has a line that is no entry of a journal: ${JSON.stringify(entry)}.`);
  }
  return { run, after, accepted, refused };
}

function parseLine(line: string): JsonFields {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return { line };
  }
}
