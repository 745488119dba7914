import { dataOf, rows } from '#millrace';
import { DayClosed, SiteConfigured } from '../domain/events.ts';

/** A row of `sites`: a building that somebody configured. */
export type SiteRow = {
  readonly site_stream: string;
  readonly site_id: string;
  readonly site_name: string;
  readonly time_zone: string;
  readonly closes_at: string | null;
  readonly opens_at: string | null;
  readonly next_close_at: number | null;
  /** The last day that ended. */
  readonly closed_day: string | null;
};

const msOf = (moment: string | null): number | null => (moment === null ? null : Date.parse(moment));

/** One row for each site, keyed by its stream. */
export const sites = rows<SiteRow>({
  table: 'sites',
  key: 'site_stream',
  columns: {
    site_stream: 'text',
    site_id: 'text',
    site_name: 'text',
    time_zone: 'text',
    closes_at: 'text',
    opens_at: 'text',
    next_close_at: 'timestamptz',
    closed_day: 'text',
  },
  on: {
    SiteConfigured(row, event) {
      const { siteId, siteName, timeZone, closesAt, opensAt, nextCloseAt } = dataOf(SiteConfigured, event);
      return {
        ...{ site_stream: event.stream, site_id: siteId, site_name: siteName, time_zone: timeZone },
        ...{ closes_at: closesAt, opens_at: opensAt, next_close_at: msOf(nextCloseAt) },
        closed_day: row?.closed_day ?? null,
      };
    },
    DayClosed(row, event) {
      const { day, nextCloseAt } = dataOf(DayClosed, event);
      return row === undefined ? undefined : { ...row, next_close_at: msOf(nextCloseAt), closed_day: day };
    },
  },
  positionColumn: 'updated_position',
});
