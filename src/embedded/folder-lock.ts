import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import os from 'node:os';
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
 *
 * Processes of another machine or container, on a shared folder, cannot be looked up. They show that they live by
 * touching their file.
 */

interface Announcement {
  readonly host: string;
  readonly processId: number;
  readonly began: string;
  /** `wanted`: it still looks at the others. `held`: it has the folder. */
  readonly state: 'wanted' | 'held';
}

export interface FolderLock {
  release(): Promise<void>;
}

const beatEvery = 2_000;
/** A file of another host that was not touched for this long is nobody's. */
const longestSilence = 10_000;

function parseAnnouncement(text: string | undefined): Announcement | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('host' in value) || typeof value.host !== 'string') return undefined;
    if (!('processId' in value) || typeof value.processId !== 'number') return undefined;
    if (!('began' in value) || typeof value.began !== 'string') return undefined;
    if (!('state' in value) || (value.state !== 'wanted' && value.state !== 'held')) return undefined;
    return { host: value.host, processId: value.processId, began: value.began, state: value.state };
  } catch {
    return undefined;
  }
}

/**
 * Watches the files of other hosts. Only changes count, never the distance to our clock: clocks of machines differ.
 * `unsure` becomes `alive` at the next touch or `silent` after the longest silence.
 */
class HeartbeatWatch {
  readonly #seen = new Map<string, { touched: number; since: number }>();
  readonly #longestSilence: number;

  constructor(silence: number) {
    this.#longestSilence = silence;
  }

  async look(file: string): Promise<'alive' | 'unsure' | 'silent'> {
    const touched = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (touched === undefined) return 'silent';
    const seen = this.#seen.get(file);
    if (!seen) this.#seen.set(file, { touched, since: performance.now() });
    else if (seen.touched !== touched) return 'alive';
    else if (performance.now() - seen.since > this.#longestSilence) return 'silent';
    return 'unsure';
  }
}

type Rival = Announcement & { sure: boolean };

/** The living announcements but one's own. Removes what dead processes left. */
async function rivalsOf(folder: string, own: string, heartbeats: HeartbeatWatch): Promise<Rival[]> {
  const rivals: Rival[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.lock') || name === own) continue;
    const file = path.join(folder, name);
    const announcement = parseAnnouncement(await readIfThere(file));
    if (announcement?.host === os.hostname()) {
      if ((await startMoment(announcement.processId)) === announcement.began) {
        rivals.push({ ...announcement, sure: true });
        continue;
      }
    } else if (announcement) {
      const heartbeat = await heartbeats.look(file);
      if (heartbeat !== 'silent') {
        rivals.push({ ...announcement, sure: heartbeat === 'alive' });
        continue;
      }
    }
    await rm(file, { force: true });
  }
  return rivals;
}

function inUse(dataFolder: string, rival: Rival | undefined): MillraceError {
  const where = rival && rival.host !== os.hostname() ? ` on ${rival.host}` : '';
  return new MillraceError(
    'DATA_IN_USE',
    `The data folder ${dataFolder} is in use by process ${rival?.processId ?? 'unknown'}${where}. ` +
      'Stop that one first, or set MILLRACE_DATA to another folder.',
  );
}

/**
 * Takes the folder for this process, or throws DATA_IN_USE with the folder and the process that has it.
 * @param folder where the lock files are kept; made when missing
 * @param dataFolder the folder as the user knows it, for the message
 */
export async function lockFolder(
  folder: string,
  dataFolder: string,
  options: { longestSilence?: number } = {},
): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const began = (await startMoment(process.pid)) ?? '';
  // The name is never used again, so removing a stale file can never hit a newer one.
  const own = `${process.pid}-${randomBytes(6).toString('hex')}.lock`;
  const file = path.join(folder, own);
  const announce = (state: Announcement['state']) => {
    const announcement: Announcement = { host: os.hostname(), processId: process.pid, began, state };
    return writeWholeFile(file, `${JSON.stringify(announcement)}\n`, { mode: 0o644 });
  };

  const silence = options.longestSilence ?? longestSilence;
  const heartbeats = new HeartbeatWatch(silence);
  const deadline = performance.now() + silence * 2;
  let rival: Rival | undefined;
  for (let attempt = 0; attempt < 25 || performance.now() < deadline; attempt += 1) {
    await announce('wanted');
    const rivals = await rivalsOf(folder, own, heartbeats);
    if (rivals.length === 0) {
      await announce('held');
      const touch = () => void utimes(file, new Date(), new Date()).catch(() => undefined);
      const beat = setInterval(touch, beatEvery).unref();
      return {
        release() {
          clearInterval(beat);
          return rm(file, { force: true });
        },
      };
    }
    await rm(file, { force: true });
    rival = rivals.find(({ state, sure }) => state === 'held' && sure) ?? rivals[0];
    if (rival?.state === 'held' && rival.sure) break;
    // Two candidates met, or a silent host: step back for a moment of different length, so that one comes first.
    await pause(5 + Math.random() * 60);
  }
  throw inUse(dataFolder, rival);
}
