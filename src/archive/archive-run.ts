import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type { ArchiveRunResult } from './archive.ts';
import { damaged, type ArchiveFolder, type WrittenFile } from './archive-folder.ts';
import type { ArchivedLine } from './archive-line.ts';
import { ArchiveRecords } from './archive-records.ts';
import { eventsOf, type StreamPart } from './batch-events.ts';
import { ClosedStreams, type ClosedStream } from './closed-streams.ts';

/** What a run has just done: tests cut it off at each of them. */
export type ArchiveStep =
  | 'begun'
  | 'part-written'
  | 'written'
  | 'manifested'
  | 'compared'
  | 'taken-out'
  | 'noted'
  | 'abandoned'
  | 'removed';

export interface ArchiveRunOptions {
  readonly eventStore: pg.Pool;
  readonly readModels: pg.Pool;
  readonly folder: ArchiveFolder;
  readonly log: string;
  readonly names: LogNames;
  readonly endingTypes: readonly string[];
  /** Every projection of the system: an event goes when all of them have applied it. */
  readonly projections: readonly string[];
  readonly afterMs: number;
  readonly batchEvents: number;
  readonly restsFor?: number | undefined;
  readonly keeper: LeaseKeeper;
  readonly leaseName: string;
  /** Aborted: the run ends after the batch under way. */
  readonly stop: AbortSignal;
  readonly onStep?: ((step: ArchiveStep) => void | Promise<void>) | undefined;
  /** Called after each batch, with the events archived so far. */
  readonly onProgress?: ((events: number) => void) | undefined;
}

/** A run rests so many times as long as a batch took: processor and disk belong to appends. In milliseconds at most. */
const defaultRests = 9;
const longestRest = 30_000;

/**
 * One look for closed streams that are old enough, and their way into files. Only whoever holds the lease may do it. It can
 * be cut off anywhere: what is in the log and what is in a recorded file are always all events, each once.
 */
export class ArchiveRun {
  readonly #options: ArchiveRunOptions;
  readonly #records: ArchiveRecords;
  #parts: StreamPart[] = [];
  #planned = 0;
  #events = 0;
  #files = 0;

  constructor(options: ArchiveRunOptions) {
    this.#options = options;
    this.#records = new ArchiveRecords(options.eventStore, options.leaseName, options.keeper.lease.token);
  }

  /** Throws ARCHIVE_FAILED when a batch could not be archived; what was archived before stays so. */
  async run(): Promise<ArchiveRunResult> {
    await this.#removeAbandoned();
    await this.#records.started();
    try {
      const stopped = await this.#archiveAll();
      await this.#records.finished(null);
      return { events: this.#events, files: this.#files, stopped };
    } catch (error) {
      const failure = asFailure(error);
      await this.#records.finished(`${failure.code}: ${failure.message}`).catch(() => undefined);
      throw failure;
    }
  }

  async #archiveAll(): Promise<ArchiveRunResult['stopped']> {
    const { eventStore, names, endingTypes } = this.#options;
    if (endingTypes.length === 0) return null;
    const { bound, parked } = await this.#bound();
    const cutoff = await this.#cutoff();
    const closed = new ClosedStreams({ pool: eventStore, names, endingTypes, cutoff, parked });
    let { scannedTo, endingTypes: known } = await this.#records.state();
    const types = endingTypes.toSorted().join(' ');
    if (known !== types) scannedTo = 0;

    const waited = await closed.waiting();
    const stoppedEarly = await this.#archive(waited, cutoff);
    if (stoppedEarly !== null) return stoppedEarly;
    await this.#flush(cutoff);
    await this.#records.forgetWaiting(waited);
    for (;;) {
      const page = await closed.after(scannedTo, bound);
      const stopped = await this.#archive(page.streams, cutoff);
      if (stopped !== null) return stopped;
      // What was seen has to be in a file, or noted, before nobody looks there any more.
      await this.#flush(cutoff);
      if (page.scannedTo <= scannedTo) return null;
      scannedTo = page.scannedTo;
      await this.#records.scanned(scannedTo, types);
      await this.#step('noted');
    }
  }

  /** Plans what these streams have, and archives whenever a batch is full. */
  async #archive(streams: readonly ClosedStream[], cutoff: string): Promise<ArchiveRunResult['stopped']> {
    await this.#records.wait(streams.filter((one) => one.blocked !== null));
    for (const { stream, version, archived, blocked } of streams) {
      if (blocked !== null) continue;
      for (let first = archived + 1; first < version;) {
        const last = Math.min(version - 1, first + this.#options.batchEvents - this.#planned - 1);
        this.#parts.push({ stream, first, last });
        this.#planned += last - first + 1;
        first = last + 1;
        if (this.#planned < this.#options.batchEvents) continue;
        const stopped = await this.#mayGoOn();
        if (stopped !== null) return stopped;
        await this.#flush(cutoff);
      }
    }
    return this.#mayGoOn();
  }

  async #mayGoOn(): Promise<ArchiveRunResult['stopped']> {
    if (this.#options.stop.aborted || !this.#options.keeper.held) return 'stopping';
    return (await this.#records.state()).paused ? 'paused' : null;
  }

  async #flush(cutoff: string): Promise<void> {
    const parts = this.#parts;
    this.#parts = [];
    this.#planned = 0;
    if (parts.length === 0) return;
    const begunAt = performance.now();
    await this.#batch(parts, cutoff);
    const rest = Math.min(longestRest, (this.#options.restsFor ?? defaultRests) * (performance.now() - begunAt));
    await pause(rest, undefined, { signal: this.#options.stop }).catch(() => undefined);
  }

  /**
   * The record says that a file is being written before there is one. The file is on the disk, read back and compared with
   * the log, before one transaction takes the events out and says that they are in it.
   */
  async #batch(parts: readonly StreamPart[], cutoff: string): Promise<void> {
    const { eventStore, folder, log, names } = this.#options;
    const lines = await eventsOf(eventStore, names, parts);
    const [first, last] = [lines[0], lines.at(-1)];
    if (first === undefined || last === undefined) return;
    const name = `${log}-${String(first.position).padStart(12, '0')}-${randomBytes(4).toString('hex')}.jsonl`;
    const id = await this.#records.begin(name);
    await this.#step('begun');
    const written = await folder.write(name, lines, () => this.#step('part-written'));
    await this.#step('written');
    await folder.writeManifest({
      format: 'millrace-archive-1',
      log,
      incarnation: await this.#records.incarnation(),
      file: name,
      events: lines.length,
      firstPosition: first.position,
      lastPosition: last.position,
      bytes: written.bytes,
      sha256: written.sha256,
    });
    await this.#step('manifested');
    await this.#compare(written, parts);
    await this.#step('compared');
    if (!this.#options.keeper.held) throw new MillraceError('ARCHIVE_IN_PROGRESS', 'The archive lease was lost.');
    await this.#records.takeOut(id, written, lines, cutoff);
    this.#events += lines.length;
    this.#files++;
    await this.#step('taken-out');
    this.#options.onProgress?.(this.#events);
  }

  /** What the file holds, read from the disk, against what the log holds, asked again. */
  async #compare(written: WrittenFile, parts: readonly StreamPart[]): Promise<void> {
    const { eventStore, folder, names } = this.#options;
    const back = await folder.readBack(written.name);
    if (back.sha256 !== written.sha256) throw damaged(written.name, 'its hash is not that of what was written');
    const expected = await eventsOf(eventStore, names, parts);
    const differs = expected.findIndex((line, index) => !isSame(line, back.lines[index]));
    if (differs !== -1 || expected.length !== back.lines.length) {
      throw damaged(
        written.name,
        `it differs from the log at event ${expected[differs]?.position ?? 'after the last'}`,
      );
    }
  }

  async #removeAbandoned(): Promise<void> {
    const names = await this.#records.abandon();
    await this.#step('abandoned');
    for (const name of names) await this.#options.folder.remove(name);
    await this.#step('removed');
    await this.#records.forget(names);
  }

  /** Up to here every event was published, applied by every projection, and copied to the ledger. */
  async #bound(): Promise<{ bound: number; parked: number[] }> {
    const { eventStore, readModels, projections } = this.#options;
    const stored = await eventStore.query<{ published: string; copied: string }>(
      'select relay_published() as published, (select position from lag_cursor) as copied',
    );
    const checkpoints = await readModels.query<{ id: string; position: string }>(
      `select projection_id as id, last_position as position from projection_checkpoints where projection_id = any ($1)`,
      [projections],
    );
    const parked = await readModels.query<{ position: string }>(
      `select distinct d.position from dead_letters d join projection_checkpoints c using (projection_id, generation)
       where d.status in ('failed', 'waiting')`,
    );
    const at = new Map(checkpoints.rows.map((row) => [row.id, Number(row.position)]));
    const applied = projections.map((id) => at.get(id) ?? 0);
    const { published, copied } = stored.rows[0] ?? { published: '0', copied: '0' };
    return {
      bound: Math.min(Number(published), Number(copied), ...applied),
      parked: parked.rows.map((row) => Number(row.position)),
    };
  }

  async #cutoff(): Promise<string> {
    const result = await this.#options.eventStore.query<{ cutoff: string }>(
      `select (clock_timestamp() - $1 * interval '1 millisecond')::text as cutoff`,
      [this.#options.afterMs],
    );
    return result.rows[0]?.cutoff ?? '-infinity';
  }

  async #step(step: ArchiveStep): Promise<void> {
    await this.#options.onStep?.(step);
  }
}

function isSame(one: ArchivedLine, other: ArchivedLine | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function asFailure(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new MillraceError('ARCHIVE_FAILED', `A batch could not be archived: ${what}`, { cause: error });
}
