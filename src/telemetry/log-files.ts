import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

/**
 * `way`: lines about single requests and events, of which there may be very many. `log`: all others, which the first
 * must not push out: each group has half of the room.
 */
export const logGroups = ['log', 'way'] as const;
export type LogGroup = (typeof logGroups)[number];

/** One file of a log folder. */
export interface LogFile {
  readonly name: string;
  readonly path: string;
  readonly group: LogGroup;
  /** When it was begun, as names have it: files sort by it. */
  readonly began: string;
  readonly size: number;
  /** Of the last line, in milliseconds since 1970. */
  readonly touched: number;
}

const namePattern = /^(log|way)-(\d{8}T\d{9}Z-\d+-[0-9a-f]{6})\.clef$/;

/** The log files of a folder, the oldest first; none when there is no folder. */
export function listLogFiles(folder: string): LogFile[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return names
    .flatMap((name): LogFile[] => {
      const [, group, began] = namePattern.exec(name) ?? [];
      if (began === undefined || (group !== 'log' && group !== 'way')) return [];
      const file = path.join(folder, name);
      try {
        const { size, mtimeMs } = statSync(file);
        return [{ name, path: file, group, began, size, touched: mtimeMs }];
      } catch (error) {
        // Another process has removed it meanwhile.
        if (isMissing(error)) return [];
        throw error;
      }
    })
    .sort((one, other) => (one.began < other.began ? -1 : 1));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export interface LogFilesOptions {
  readonly folder: string;
  /** Milliseconds that a file is kept after its last line. */
  readonly keepMs: number;
  /** Of all files together. */
  readonly keepBytes: number;
  /** Called before a file is removed. */
  readonly onRemove?: (file: LogFile) => void;
  readonly now?: () => number;
}

const longestAgeMs = 24 * 3_600_000;

/**
 * The files that one process writes: one of each group at a time. A file is closed when it has a sixteenth of the room or
 * is a day old; what is too old, or too much, goes. Other processes may write to the same folder, and keep to its bounds.
 */
export class LogFiles {
  readonly #options: LogFilesOptions;
  readonly #open = new Map<LogGroup, OpenFile>();

  constructor(options: LogFilesOptions) {
    this.#options = options;
  }

  /** Writes whole lines. Throws what the disk says; then nothing, or a part of them, is written. */
  append(group: LogGroup, lines: string): void {
    const bytes = Buffer.from(lines);
    const file = this.#fileFor(group, bytes.length);
    let written = 0;
    while (written < bytes.length) written += writeSync(file.descriptor, bytes, written);
    file.size += bytes.length;
  }

  /** Removes what is too old or too much. */
  prune(): void {
    const { folder, keepMs, keepBytes, onRemove } = this.#options;
    const own = new Set([...this.#open.values()].map(({ name }) => name));
    for (const group of logGroups) {
      const files = listLogFiles(folder).filter((file) => file.group === group);
      const current = this.#open.get(group)?.size ?? 0;
      // What the file that is written now may still get is taken into account.
      let total = files.reduce((sum, { size }) => sum + size, 0) + this.#largest - Math.min(current, this.#largest);
      for (const file of files) {
        const isOld = file.touched < this.#now - keepMs;
        if (own.has(file.name) || !(isOld || total > keepBytes / 2)) continue;
        onRemove?.(file);
        rmSync(file.path, { force: true });
        total -= file.size;
      }
    }
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  get #now(): number {
    return this.#options.now?.() ?? Date.now();
  }

  get #largest(): number {
    return Math.max(1024, Math.min(16 * 1024 ** 2, this.#options.keepBytes / 16));
  }

  #fileFor(group: LogGroup, more: number): OpenFile {
    const file = this.#open.get(group);
    if (file !== undefined) {
      const isFull = file.size > 0 && file.size + more > this.#largest;
      const isOld = this.#now - file.begunAt > Math.min(longestAgeMs, this.#options.keepMs / 2);
      // Another process that keeps to the bounds may have removed it.
      const isGone = fstatSync(file.descriptor).nlink === 0;
      if (!isFull && !isOld && !isGone) return file;
      closeSync(file.descriptor);
      this.#open.delete(group);
    }
    return this.#begin(group);
  }

  #begin(group: LogGroup): OpenFile {
    const { folder } = this.#options;
    // What passes through a system is nobody else's business.
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    const begunAt = this.#now;
    const time = new Date(begunAt).toISOString().replaceAll(/[-:.]/g, '');
    const name = `${group}-${time}-${process.pid}-${randomBytes(3).toString('hex')}.clef`;
    const descriptor = openSync(path.join(folder, name), 'ax', 0o640);
    const file = { name, descriptor, begunAt, size: 0 };
    this.#open.set(group, file);
    this.prune();
    return file;
  }
}

interface OpenFile {
  readonly name: string;
  readonly descriptor: number;
  readonly begunAt: number;
  size: number;
}
