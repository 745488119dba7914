import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { isMissing } from './log-files.ts';

const fileName = 'shipping.json';
/** A lease that was not renewed for so long is nobody's, in milliseconds. */
const longestSilence = 5_000;

/**
 * One process of a folder sends its files. Two that believe it for a moment send some lines twice and harm nothing else,
 * so this need not be more than a file that is touched.
 */
export class ClefLease {
  readonly #file: string;
  readonly #id = randomUUID();

  constructor(folder: string) {
    this.#file = path.join(folder, fileName);
  }

  /** Takes or renews it. False while another process has it, and while there is no folder: there is nothing to send then. */
  hold(): boolean {
    if (!existsSync(path.dirname(this.#file))) return false;
    const holder = this.#holder();
    if (holder?.id === this.#id) {
      const now = new Date();
      utimesSync(this.#file, now, now);
      return true;
    }
    if (holder !== undefined && isAlive(holder)) return false;
    writeFileSync(this.#file, JSON.stringify({ id: this.#id, host: hostname(), pid: process.pid }), { mode: 0o640 });
    return this.#holder()?.id === this.#id;
  }

  release(): void {
    if (this.#holder()?.id === this.#id) rmSync(this.#file, { force: true });
  }

  #holder(): Holder | undefined {
    try {
      const text = readFileSync(this.#file, 'utf8');
      const silence = Date.now() - statSync(this.#file).mtimeMs;
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null) return undefined;
      if (!('id' in value) || typeof value.id !== 'string') return undefined;
      if (!('host' in value) || typeof value.host !== 'string') return undefined;
      if (!('pid' in value) || typeof value.pid !== 'number') return undefined;
      return { id: value.id, host: value.host, pid: value.pid, silence };
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

interface Holder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly silence: number;
}

function isAlive({ host, pid, silence }: Holder): boolean {
  if (silence > longestSilence) return false;
  // A container that starts again has the number it had before.
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
