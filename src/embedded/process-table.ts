import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Questions about processes of this machine. A number alone names no process: numbers are used again, in containers
 * within seconds. So a process is known by its number and the moment it began.
 */

const runFile = promisify(execFile);
const onLinux = process.platform === 'linux';

/** Node's error code of a failed system call, or an empty string. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The state letter and what follows it in `/proc/<pid>/stat`; the name before it may hold spaces and brackets. */
async function statFields(processId: number): Promise<string[] | undefined> {
  try {
    const text = await readFile(`/proc/${processId}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Is the number in use, also by a zombie or by a process of another account? */
export function isNumberTaken(processId: number): boolean {
  if (!Number.isSafeInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

/**
 * Does the process run? A zombie counts as ended: where nothing reaps orphans (many containers) it stays listed for
 * ever, but it holds nothing.
 */
export async function isAlive(processId: number): Promise<boolean> {
  if (!isNumberTaken(processId)) return false;
  if (!onLinux) return true;
  const state = (await statFields(processId))?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/**
 * When the process began, as a text that only serves to be compared: two processes with the same number differ in it,
 * also across a reboot. `undefined` when there is no such process.
 */
export async function startMoment(processId: number): Promise<string | undefined> {
  if (!(await isAlive(processId))) return undefined;
  if (!onLinux) {
    try {
      const { stdout } = await runFile('ps', ['-o', 'lstart=', '-p', String(processId)]);
      return stdout.trim() || undefined;
    } catch {
      return undefined;
    }
  }
  const ticks = (await statFields(processId))?.[19]; // field 22 of proc(5): ticks since boot
  if (ticks === undefined) return undefined;
  // Ticks begin anew at every boot, so the boot belongs to the moment.
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${ticks}`;
}

/** Is it a PostgreSQL process (postmaster or backend) that works in this cluster folder? The folder is a real path. */
export async function isPostgresOf(processId: number, clusterFolder: string): Promise<boolean> {
  if (!(await isAlive(processId))) return false;
  if (onLinux) {
    try {
      // PostgreSQL changes into its cluster folder, and all its processes stay there.
      const [folder, name] = await Promise.all([
        readlink(`/proc/${processId}/cwd`),
        readFile(`/proc/${processId}/comm`, 'utf8'),
      ]);
      return folder === clusterFolder && name.trim() === 'postgres';
    } catch {
      return false;
    }
  }
  try {
    const { stdout } = await runFile('ps', ['-o', 'command=', '-p', String(processId)]);
    return stdout.includes('postgres') && stdout.includes(clusterFolder);
  } catch {
    return false;
  }
}

/** Every PostgreSQL process that works in the cluster folder; empty where the machine has no `/proc`. */
export async function postgresProcessesOf(clusterFolder: string): Promise<number[]> {
  if (!onLinux) return [];
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const number of numbers) {
    if (await isPostgresOf(number, clusterFolder)) found.push(number);
  }
  return found;
}

/** Sends a signal; a process that ended meanwhile is no error. */
export function signalProcess(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}
