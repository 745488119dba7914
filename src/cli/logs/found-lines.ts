import { closeSync, openSync, readSync } from 'node:fs';
import { isMissing, listLogFiles, type LogFile } from '../../telemetry/log-files.ts';
import { readClef, type ClefLine } from '../../telemetry/clef-read.ts';
import { compileExpression, textsOf, type Expression } from './query/expression.ts';

const chunkBytes = 1024 * 1024;
const newline = 0x0a;

/**
 * Reads a folder's log files from where it stopped the time before, and keeps the lines that fit. A file that grows is
 * read on; one that was removed meanwhile is passed over.
 */
export class LineFinder {
  readonly #folder: string;
  readonly #fits: (line: ClefLine) => boolean;
  readonly #texts: readonly string[];
  readonly #since: number;
  readonly #from = new Map<string, number>();
  /** Lines that were looked at. */
  looked = 0;

  constructor(folder: string, query: Expression | undefined, since = -Infinity) {
    const fits = query === undefined ? () => true : compileExpression(query);
    this.#folder = folder;
    this.#texts = query === undefined ? [] : textsOf(query);
    this.#fits = ({ values }) => fits(values);
    this.#since = since;
  }

  /** Lines that fit and were not returned yet, a file after the other. */
  *more(): Generator<ClefLine> {
    for (const file of listLogFiles(this.#folder)) {
      if (file.touched < this.#since || file.size <= (this.#from.get(file.name) ?? 0)) continue;
      for (const text of this.#linesOf(file)) {
        this.looked++;
        // Most lines are not even parsed.
        if (!this.#texts.every((piece) => text.includes(piece))) continue;
        const line = readClef(text);
        if (line !== undefined && Date.parse(line.time) >= this.#since && this.#fits(line)) yield line;
      }
    }
  }

  *#linesOf(file: LogFile): Generator<string> {
    const descriptor = openIfThere(file.path);
    if (descriptor === undefined) return;
    try {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      for (;;) {
        const from = this.#from.get(file.name) ?? 0;
        const bytes = buffer.subarray(0, readSync(descriptor, buffer, 0, chunkBytes, from));
        const end = bytes.lastIndexOf(newline) + 1;
        // What is behind the last end of a line is still being written, or never will be.
        if (end === 0) return;
        this.#from.set(file.name, from + end);
        yield* bytes.toString('utf8', 0, end - 1).split('\n');
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
