import { readFileSync } from 'node:fs';
import type pg from 'pg';
import type { DatabaseFigures } from '../process-activity.ts';
import { asking } from './asking.ts';

const figuresSql = readFileSync(new URL('./database-figures.sql', import.meta.url), 'utf8');

/** What the server tells of a database. Throws STORE_UNAVAILABLE when it does not answer. */
export async function databaseFigures(database: DatabaseFigures['database'], pool: pg.Pool): Promise<DatabaseFigures> {
  const found = await asking(
    pool.query<{ size: number; oldest: number }>({ name: 'database-figures', text: figuresSql }),
  );
  const [row] = found.rows;
  return { database, sizeBytes: row?.size ?? 0, oldestSnapshotMs: Math.max(0, row?.oldest ?? 0) };
}
