import type pg from 'pg';
import { int4Array, int8Array, textArray, uuidArray } from '../postgres/binary-arrays.ts';
import type { WrittenFile } from './archive-folder.ts';
import type { ArchivedLine } from './archive-line.ts';
import type { ClosedStream } from './closed-streams.ts';

/** How far a run has come, as it is written down. */
export interface ArchiveState {
  readonly scannedTo: number;
  readonly endingTypes: string;
  readonly paused: boolean;
}

/** What a run writes into the event store, always with the token of its lease. */
export class ArchiveRecords {
  readonly #pool: pg.Pool;
  readonly #lease: readonly [string, number];

  constructor(pool: pg.Pool, leaseName: string, token: number) {
    this.#pool = pool;
    this.#lease = [leaseName, token];
  }

  async state(): Promise<ArchiveState> {
    const result = await this.#pool.query<{ scanned_to: string; ending_types: string; paused: boolean }>(
      'select scanned_to, ending_types, paused_at is not null as paused from archive_state',
    );
    const row = result.rows[0];
    return {
      scannedTo: Number(row?.scanned_to ?? 0),
      endingTypes: row?.ending_types ?? '',
      paused: row?.paused ?? false,
    };
  }

  async incarnation(): Promise<string> {
    const result = await this.#pool.query<{ incarnation: string }>('select incarnation from log_info');
    return result.rows[0]?.incarnation ?? '';
  }

  async started(): Promise<void> {
    await this.#note({ started: true });
  }

  async finished(error: string | null): Promise<void> {
    await this.#note({ finished: true, error });
  }

  async scanned(scannedTo: number, endingTypes: string): Promise<void> {
    await this.#note({ scannedTo, endingTypes });
  }

  /** Streams that have something in the way: looked at again by the next run. */
  async wait(streams: readonly ClosedStream[]): Promise<void> {
    if (streams.length > 0) await this.#note({ wait: streams });
  }

  /** Of those that had waited, and do not any more, and of those that are not closed any more. */
  async forgetWaiting(streams: readonly ClosedStream[]): Promise<void> {
    const still = new Set(streams.filter((one) => one.blocked !== null).map((one) => one.stream));
    const known = await this.#pool.query<{ stream: string }>('select aggregate_id as stream from archive_waiting');
    const done = known.rows.map((row) => row.stream).filter((stream) => !still.has(stream));
    if (done.length > 0) await this.#note({ done });
  }

  async begin(name: string): Promise<number> {
    const result = await this.#pool.query<{ id: number }>('select archive_begin($1) as id', [name]);
    return result.rows[0]?.id ?? 0;
  }

  async takeOut(id: number, file: WrittenFile, lines: readonly ArchivedLine[], cutoff: string): Promise<void> {
    await this.#pool.query(
      'select archive_batch($1, $2, $3, $4, $5, $6::timestamptz, $7, $8, $9, $10, $11, $12, $13)',
      [
        ...this.#lease,
        id,
        file.bytes,
        file.sha256,
        cutoff,
        int8Array(lines.map((line) => line.position)),
        uuidArray(lines.map((line) => line.id)),
        textArray(lines.map((line) => line.stream)),
        int8Array(lines.map((line) => line.version)),
        int8Array(file.places.map((place) => place.offset)),
        int4Array(file.places.map((place) => place.length)),
        int4Array(file.places.map((place) => place.checksum)),
      ],
    );
  }

  /** Gives up what died. The names of the files to remove. */
  async abandon(): Promise<string[]> {
    const result = await this.#pool.query<{ name: string }>('select archive_abandon() as name');
    return result.rows.map((row) => row.name);
  }

  async forget(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#pool.query('select archive_forget($1)', [textArray(names)]);
  }

  async #note(what: {
    readonly scannedTo?: number;
    readonly endingTypes?: string;
    readonly started?: true;
    readonly finished?: true;
    readonly error?: string | null;
    readonly wait?: readonly ClosedStream[];
    readonly done?: readonly string[];
  }): Promise<void> {
    const wait = what.wait ?? [];
    await this.#pool.query('select archive_note($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      ...this.#lease,
      what.scannedTo ?? null,
      what.endingTypes ?? null,
      what.started ?? false,
      what.finished ?? false,
      what.error ?? null,
      textArray(wait.map((one) => one.stream)),
      int8Array(wait.map((one) => one.version)),
      textArray(wait.map((one) => one.blocked ?? '')),
      textArray(what.done ?? []),
    ]);
  }
}
