import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import type { ArchivedBodies, ArchivedPlace } from '../store/archived-bodies.ts';
import { checksumOf, decodeLine, encodeLine, type ArchivedLine } from './archive-line.ts';

/** A file as it was written: where each event stands in it. */
export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly places: readonly ArchivedPlace[];
}

/** What stands beside a file, for whoever has the files and no database. */
export interface Manifest {
  readonly format: 'millrace-archive-1';
  readonly log: string;
  readonly incarnation: string;
  readonly file: string;
  readonly events: number;
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly bytes: number;
  readonly sha256: string;
}

const manifestEnding = '.manifest.json';
const partialEnding = '.partial';
/** Places closer together than this are read with what lies between them, in bytes; a read has at most so many. */
const nearby = 16 * 1024;
const mostAtOnce = 4 * 1024 * 1024;

/** The folder of archive files: writes them so that they survive a power cut, and reads events out of them. */
export class ArchiveFolder implements ArchivedBodies {
  readonly path: string;

  constructor(folder: string) {
    this.path = folder;
  }

  async read(places: readonly ArchivedPlace[]): Promise<readonly RecordedEvent[]> {
    const events = new Map<number, RecordedEvent>();
    const byFile = Map.groupBy(places, (place) => place.file);
    for (const [file, wanted] of byFile) {
      await this.#withFile(file, async (handle) => {
        for (const run of runsOf(wanted)) {
          for (const event of await readRun(handle, file, run)) events.set(event.position, event);
        }
      });
    }
    return places.map((place) => {
      const event = events.get(place.position);
      if (event === undefined) throw damaged(place.file, `it gave no event ${place.position}`);
      return event;
    });
  }

  /**
   * Writes the lines into a new file of that name: into another name first, flushed to the disk, and then renamed, so that
   * a file of that name is always whole. `partWritten` is called in the middle.
   */
  async write(
    name: string,
    lines: readonly ArchivedLine[],
    partWritten: () => Promise<void> = () => Promise.resolve(),
  ): Promise<WrittenFile> {
    // API and relay may be two users of one group; nobody else may read what is in there.
    await mkdir(this.path, { recursive: true, mode: 0o750 });
    const hash = createHash('sha256');
    const places: ArchivedPlace[] = [];
    let offset = 0;
    await this.#writeWhole(name, async (handle) => {
      let waiting: Buffer[] = [];
      const flush = async () => {
        await handle.appendFile(Buffer.concat(waiting));
        waiting = [];
      };
      for (const [index, line] of lines.entries()) {
        const bytes = encodeLine(line);
        const { position, id } = line;
        places.push({ position, id, file: name, offset, length: bytes.length, checksum: checksumOf(bytes) });
        hash.update(bytes);
        offset += bytes.length;
        waiting.push(bytes);
        if (index % 500 === 499) await flush();
        if (index !== lines.length >> 1) continue;
        await flush();
        await partWritten();
      }
      await flush();
    });
    return { name, bytes: offset, sha256: hash.digest('hex'), places };
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    await this.#writeWhole(manifest.file + manifestEnding, (handle) =>
      handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`),
    );
  }

  /** What stands in the manifest of a file. Throws ARCHIVE_FILE_MISSING, ARCHIVE_FILE_DAMAGED. */
  async readManifest(file: string): Promise<unknown> {
    const name = file + manifestEnding;
    let text: string;
    try {
      text = await readFile(path.join(this.path, name), 'utf8');
    } catch (error) {
      throw missing(name, this.path, error);
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      throw damaged(name, 'it is not JSON', error);
    }
  }

  /** The whole file: its hash, and each line with where it stands. Throws ARCHIVE_FILE_MISSING, ARCHIVE_FILE_DAMAGED. */
  async readBack(name: string): Promise<WrittenFile & { readonly lines: readonly ArchivedLine[] }> {
    return this.#withFile(name, async (handle) => {
      const content = await handle.readFile();
      const lines: ArchivedLine[] = [];
      const places: ArchivedPlace[] = [];
      for (let offset = 0; offset < content.length;) {
        const end = content.indexOf(10, offset);
        const bytes = content.subarray(offset, end === -1 ? content.length : end + 1);
        const line = end === -1 ? undefined : decodeLine(bytes);
        if (line === undefined) throw damaged(name, `what stands at byte ${offset} is no event`);
        lines.push(line);
        const { position, id } = line;
        places.push({ position, id, file: name, offset, length: bytes.length, checksum: checksumOf(bytes) });
        offset += bytes.length;
      }
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { name, bytes: content.length, sha256, places, lines };
    });
  }

  /** Removes what there is of a file, whole or in part. */
  async remove(name: string): Promise<void> {
    for (const one of [name, name + manifestEnding]) {
      await rm(path.join(this.path, one + partialEnding), { force: true });
      await rm(path.join(this.path, one), { force: true });
    }
  }

  /** The names of all files of events in the folder; none when there is no folder. */
  async list(): Promise<string[]> {
    const names = await readdir(this.path).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return names.filter((name) => name.endsWith('.jsonl') || name.endsWith(partialEnding)).toSorted();
  }

  async #writeWhole(name: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
    const whole = path.join(this.path, name);
    const handle = await open(whole + partialEnding, 'wx', 0o640);
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(whole + partialEnding, whole);
    const folder = await open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #withFile<Result>(name: string, work: (handle: FileHandle) => Promise<Result>): Promise<Result> {
    let handle: FileHandle;
    try {
      handle = await open(path.join(this.path, name), 'r');
    } catch (error) {
      throw missing(name, this.path, error);
    }
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  }
}

/** Places that lie near each other in the order of the file. */
function runsOf(places: readonly ArchivedPlace[]): ArchivedPlace[][] {
  const runs: ArchivedPlace[][] = [];
  let end = -Infinity;
  let bytes = 0;
  for (const place of places.toSorted((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1);
    const more = place.offset + place.length - end;
    if (run !== undefined && place.offset - end <= nearby && bytes + more <= mostAtOnce) {
      run.push(place);
      bytes += more;
    } else {
      runs.push([place]);
      bytes = place.length;
    }
    end = place.offset + place.length;
  }
  return runs;
}

async function readRun(handle: FileHandle, file: string, run: readonly ArchivedPlace[]): Promise<RecordedEvent[]> {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return [];
  const bytes = Buffer.alloc(last.offset + last.length - first.offset);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, first.offset);
  return run.map((place) => {
    const from = place.offset - first.offset;
    if (from + place.length > bytesRead) throw damaged(file, `it ends before event ${place.position}`);
    const part = bytes.subarray(from, from + place.length);
    const line = checksumOf(part) === place.checksum ? decodeLine(part) : undefined;
    if (line?.position !== place.position || line.id !== place.id) {
      throw damaged(file, `it does not hold event ${place.position} as it was written`);
    }
    const { createdAt: _, ...event } = line;
    return event;
  });
}

export function damaged(file: string, problem: string, cause?: unknown): MillraceError {
  return new MillraceError('ARCHIVE_FILE_DAMAGED', `The archive file ${file} is damaged: ${problem}.`, { cause });
}

function missing(file: string, folder: string, cause: unknown): MillraceError {
  const how = isMissing(cause) ? 'is not there' : 'cannot be read';
  return new MillraceError('ARCHIVE_FILE_MISSING', `The archive file ${file} ${how} (in ${folder}).`, { cause });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
