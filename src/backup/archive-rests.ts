import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { MillraceError } from '../errors.ts';
import { Lease } from '../postgres/lease.ts';

/** The lease of whoever takes events out of the log. */
const archiveLease = 'archive';
/** How long a run of the archive may go on before a backup gives up, in milliseconds. */
const patience = 10_000;

/**
 * Works while nobody archives: the table of events is read page by page, and what left it meanwhile would be in no page.
 * Throws ARCHIVE_IN_PROGRESS when a run does not end within ten seconds.
 */
export async function whileArchiveRests<Result>(
  eventStoreUrl: string,
  work: () => Promise<Result>,
  wait = patience,
): Promise<Result> {
  const pool = new pg.Pool({ connectionString: eventStoreUrl, max: 1, application_name: 'millrace backup' });
  pool.on('error', () => undefined);
  try {
    const prepared = await pool.query<{ leases: string | null }>(`select to_regclass('leases')::text as leases`);
    // Whoever copies says what is missing.
    if (prepared.rows[0]?.leases === null) return await work();
    const lease = new Lease(pool, archiveLease, 'backup');
    const held = await acquire(lease, wait);
    const keeper = lease.keep(held);
    try {
      const result = await work();
      if (keeper.held) return result;
      throw new MillraceError(
        'ARCHIVE_IN_PROGRESS',
        'The archive could not be kept still for as long as the copy took.',
      );
    } finally {
      keeper.stop();
      await lease.release(held).catch(() => undefined);
    }
  } finally {
    await pool.end();
  }
}

async function acquire(lease: Lease, wait: number) {
  for (const until = performance.now() + wait; ;) {
    const held = await lease.acquire();
    if (held !== undefined) return held;
    if (performance.now() > until) {
      const message =
        'Events are archived now. Let it stop with "millrace archive pause", and resume behind the backup.';
      throw new MillraceError('ARCHIVE_IN_PROGRESS', message);
    }
    await pause(250);
  }
}
