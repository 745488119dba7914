import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import { startMoment } from './process-table.ts';
import { readIfThere, writeWholeFile } from './whole-file.ts';

/**
 * One running Millrace per data folder.
 *
 * Node has no file locks that end with the process, so each candidate announces itself in a file of its own and then
 * looks at the others. Of two that come at once at least one sees the other, whatever the timing; a single lock file
 * that is taken over when stale cannot promise that. A file whose process has ended (or whose number belongs to another
 * process by now) is nobody's and is removed.
 */

interface Announcement {
  readonly processId: number;
  readonly began: string;
  /** `wanted`: it still looks at the others. `held`: it has the folder. */
  readonly state: 'wanted' | 'held';
}

export interface FolderLock {
  release(): Promise<void>;
}

function parseAnnouncement(text: string | undefined): Announcement | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('processId' in value) || typeof value.processId !== 'number') return undefined;
    if (!('began' in value) || typeof value.began !== 'string') return undefined;
    if (!('state' in value) || (value.state !== 'wanted' && value.state !== 'held')) return undefined;
    return { processId: value.processId, began: value.began, state: value.state };
  } catch {
    return undefined;
  }
}

/** The living announcements but one's own. Removes what dead processes left. */
async function othersAlive(folder: string, own: string): Promise<Announcement[]> {
  const alive: Announcement[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.lock') || name === own) continue;
    const file = path.join(folder, name);
    const announcement = parseAnnouncement(await readIfThere(file));
    if (announcement && (await startMoment(announcement.processId)) === announcement.began) alive.push(announcement);
    else await rm(file, { force: true });
  }
  return alive;
}

/**
 * Takes the folder for this process, or throws DATA_IN_USE with the folder and the process that has it.
 * @param folder where the lock files are kept; made when missing
 * @param dataFolder the folder as the user knows it, for the message
 */
export async function lockFolder(folder: string, dataFolder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const began = await startMoment(process.pid);
  // The name is never used again, so removing a stale file can never hit a newer one.
  const own = `${process.pid}-${randomBytes(6).toString('hex')}.lock`;
  const file = path.join(folder, own);
  const announce = (state: Announcement['state']) =>
    writeWholeFile(file, `${JSON.stringify({ processId: process.pid, began: began ?? '', state })}\n`, { mode: 0o644 });

  let rival: Announcement | undefined;
  for (let attempt = 0; attempt < 25; attempt += 1) {
    await announce('wanted');
    const others = await othersAlive(folder, own);
    if (others.length === 0) {
      await announce('held');
      return { release: () => rm(file, { force: true }) };
    }
    await rm(file, { force: true });
    rival = others.find((other) => other.state === 'held') ?? others[0];
    if (rival?.state === 'held') break;
    // Two candidates met. Both step back for a moment of different length, so that one comes first.
    await pause(5 + Math.random() * 60);
  }
  throw new MillraceError(
    'DATA_IN_USE',
    `The data folder ${dataFolder} is in use by process ${rival?.processId ?? 'unknown'}. ` +
      'Stop that one first, or set MILLRACE_DATA to another folder.',
  );
}
