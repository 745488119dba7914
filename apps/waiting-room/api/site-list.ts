import { readFileSync } from 'node:fs';
import type { RunningSystem } from '#millrace';
import { ownTimeZone } from './known-queues.ts';
import { isoOf } from './lists.ts';

const sitesSql = readFileSync(new URL('./sites.sql', import.meta.url), 'utf8');

interface SiteRow {
  readonly siteId: string;
  readonly siteName: string;
  readonly timeZone: string | null;
  readonly closesAt: string | null;
  readonly opensAt: string | null;
  readonly nextCloseAt: Date | null;
  readonly closedDay: string | null;
  readonly queues: number;
  readonly rooms: number;
  readonly desks: number;
}

/** The sites with their settings and counts. */
export async function siteList(
  readModels: Pick<RunningSystem['readModels'], 'query'>,
  when: { readonly minPosition?: number } = {},
) {
  const rows = await readModels.query<SiteRow>(sitesSql, [], when);
  return rows.map((row) => ({
    ...row,
    timeZone: row.timeZone ?? ownTimeZone,
    nextCloseAt: isoOf(row.nextCloseAt),
  }));
}
