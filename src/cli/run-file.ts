import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from './json-shape.ts';

/** What a running server leaves in the data folder, so that other commands find it. */
export interface RunRecord {
  readonly pid: number;
  /** Where it listens: `http://127.0.0.1:5000`. */
  readonly url: string;
  readonly startedAt: string;
}

const fileName = 'server.json';

/** Writes the record in one step: whoever reads it sees all of it or the one before. */
export async function writeRunRecord(dataFolder: string, record: RunRecord): Promise<void> {
  await mkdir(dataFolder, { recursive: true });
  const file = path.join(dataFolder, fileName);
  const fresh = `${file}.${record.pid}`;
  await writeFile(fresh, `${JSON.stringify(record)}\n`);
  await rename(fresh, file);
}

/** The server that runs on a data folder; undefined when none does. */
export async function readRunRecord(dataFolder: string): Promise<RunRecord | undefined> {
  const text = await readFile(path.join(dataFolder, fileName), 'utf8').catch(() => undefined);
  const record = text === undefined ? undefined : parseRunRecord(text);
  return record !== undefined && isAlive(record.pid) ? record : undefined;
}

/** Removes the record when it is this process's own; another process may have written its own since. */
export async function removeRunRecord(dataFolder: string, pid: number): Promise<void> {
  if ((await readRunRecord(dataFolder))?.pid === pid) await rm(path.join(dataFolder, fileName), { force: true });
}

export function parseRunRecord(text: string): RunRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { pid, url, startedAt } = value;
  if (typeof pid !== 'number' || typeof url !== 'string' || typeof startedAt !== 'string') return undefined;
  return { pid, url, startedAt };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
