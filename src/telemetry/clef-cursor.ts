import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMissing, listLogFiles, type LogFile } from './log-files.ts';

/** How far each file of a folder was taken over by Seq, in bytes. A file that is not named was not begun. */
export type ClefCursor = ReadonlyMap<string, number>;

const fileName = 'shipped.json';

/** Reads the cursor of a folder. One that cannot be read begins anew: what is sent twice is better than what is not. */
export function readCursor(folder: string): Map<string, number> {
  let text: string;
  try {
    text = readFileSync(path.join(folder, fileName), 'utf8');
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return new Map();
    return new Map(
      Object.entries(value).filter(
        (entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && entry[1] > 0,
      ),
    );
  } catch {
    return new Map();
  }
}

/** Writes the cursor as a whole or not at all, without files that are gone. */
export function writeCursor(folder: string, cursor: ClefCursor): void {
  const there = new Set(listLogFiles(folder).map(({ name }) => name));
  const kept = [...cursor].filter(([name]) => there.has(name));
  const target = path.join(folder, fileName);
  writeFileSync(`${target}.new`, JSON.stringify(Object.fromEntries(kept)), { mode: 0o640 });
  renameSync(`${target}.new`, target);
}

/** The whole lines of a file that Seq does not have. */
export function unshippedLines(folder: string, file: LogFile): number {
  const from = readCursor(folder).get(file.name) ?? 0;
  if (from >= file.size) return 0;
  let lines = 0;
  for (const byte of readFileSync(file.path).subarray(from)) if (byte === 0x0a) lines++;
  return lines;
}
