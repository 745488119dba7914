import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { asking } from '../postgres/asking.ts';
import { fillNames, type LogNames } from '../postgres/log-names.ts';
import type { Archive, ArchiveStatus } from './archive.ts';

/** The SQL of the archive. The relay's and the ledger's schema have to be there before. */
export function archiveSchema(names: LogNames): string {
  return fillNames(readFileSync(new URL('./archive.sql', import.meta.url), 'utf8'), names);
}

interface StatusRow {
  readonly last_position: string;
  readonly archived: string;
  readonly files: string;
  readonly bytes: string;
  readonly scanned_to: string;
  readonly paused_at: Date | null;
  readonly paused_by: string | null;
  readonly pause_reason: string | null;
  readonly run_started_at: Date | null;
  readonly run_finished_at: Date | null;
  readonly run_events: string;
  readonly run_error: string | null;
  readonly waiting: readonly { readonly reason: string; readonly streams: number }[] | null;
}

/** See {@link Archive}. */
export class PostgresArchive implements Archive {
  readonly #pool: pg.Pool;
  readonly #names: LogNames;
  readonly #folder: string | undefined;

  constructor(pool: pg.Pool, names: LogNames, folder: string | undefined) {
    this.#pool = pool;
    this.#names = names;
    this.#folder = folder;
  }

  async status(): Promise<ArchiveStatus> {
    const result = await asking(
      this.#pool.query<StatusRow>(
        `select coalesce((select max(position) from ${this.#names.events}), 0) as last_position, f.*, s.*,
           (select json_agg(w order by w.reason) from (
              select reason, count(*)::int as streams from archive_waiting group by reason) w) as waiting
         from archive_state s cross join (
           select count(*) as files, coalesce(sum(events), 0) as archived, coalesce(sum(bytes), 0) as bytes
           from archive_files where state = 'archived') f`,
      ),
    );
    const row = result.rows[0];
    const [lastPosition, archived] = [Number(row?.last_position ?? 0), Number(row?.archived ?? 0)];
    return {
      folder: this.#folder ?? null,
      lastPosition,
      archived,
      inLog: lastPosition - archived,
      files: Number(row?.files ?? 0),
      bytes: Number(row?.bytes ?? 0),
      scannedTo: Number(row?.scanned_to ?? 0),
      waiting: row?.waiting ?? [],
      paused: row?.paused_at
        ? { since: row.paused_at.toISOString(), by: row.paused_by ?? '', reason: row.pause_reason }
        : null,
      run: row?.run_started_at
        ? {
            startedAt: row.run_started_at.toISOString(),
            finishedAt: row.run_finished_at?.toISOString() ?? null,
            events: Number(row.run_events),
            error: row.run_error,
          }
        : null,
    };
  }

  async pause(actor: string, reason?: string): Promise<void> {
    await asking(this.#pool.query('select archive_pause($1, $2)', [actor, reason ?? null]));
  }

  async resume(): Promise<void> {
    await asking(this.#pool.query('select archive_resume()'));
  }
}
