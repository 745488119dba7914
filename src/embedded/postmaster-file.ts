import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isNumberTaken, isPostgresOf } from './process-table.ts';
import { readIfThere, writeWholeFile } from './whole-file.ts';

/** What `postmaster.pid` says: PostgreSQL writes it at start and removes it when it stops in order. */
export interface PostmasterFile {
  readonly processId: number;
  readonly port: number;
  /** `starting`, `ready`, `stopping` or `standby`; empty very early. */
  readonly status: string;
}

/** A number that no process can have on any system: Linux ends at 4,194,304. */
const nobodysProcessId = 2_147_483_647;

const fileOf = (clusterFolder: string) => path.join(clusterFolder, 'postmaster.pid');

/** Reads `postmaster.pid` of a cluster. `undefined` when there is none or when it is not complete yet. */
export async function readPostmasterFile(clusterFolder: string): Promise<PostmasterFile | undefined> {
  const lines = (await readIfThere(fileOf(clusterFolder)))?.split('\n').map((line) => line.trim()) ?? [];
  const processId = Math.abs(Number(lines[0] || Number.NaN)); // negative in single-user mode
  const port = Number(lines[3] || 0);
  if (!Number.isSafeInteger(processId)) return undefined;
  return { processId, port: Number.isSafeInteger(port) ? port : 0, status: lines[7] ?? '' };
}

/** The living server of a cluster folder (a real path), whoever started it. */
export async function livingPostmaster(clusterFolder: string): Promise<PostmasterFile | undefined> {
  const file = await readPostmasterFile(clusterFolder);
  return file && (await isPostgresOf(file.processId, clusterFolder)) ? file : undefined;
}

/**
 * After a crash, the number in `postmaster.pid` may belong to another process by now, or to a zombie that nobody reaps,
 * and PostgreSQL would refuse to start. The number is replaced; the rest stays, since PostgreSQL finds leftover
 * backends by it.
 */
export async function disarmPostmasterFile(clusterFolder: string): Promise<void> {
  const file = await readPostmasterFile(clusterFolder);
  if (!file || !isNumberTaken(file.processId) || (await isPostgresOf(file.processId, clusterFolder))) return;
  const [, ...rest] = ((await readIfThere(fileOf(clusterFolder))) ?? '').split('\n');
  const { uid, gid } = await stat(clusterFolder);
  const content = [String(nobodysProcessId), ...rest].join('\n');
  await writeWholeFile(fileOf(clusterFolder), content, { mode: 0o600, owner: { uid, gid } });
}
