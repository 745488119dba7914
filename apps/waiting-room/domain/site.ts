import type { Decider } from '#millrace';
import { momentOf, SiteConfigured, type SiteEvent } from './events.ts';
import { siteStream } from './names.ts';
import { nextAt } from './zone-time.ts';

export interface SiteSettings {
  readonly siteName: string;
  /** As the IANA data base names it. */
  readonly timeZone: string;
  /** HH:MM by the site's clock; null: the day is not ended by itself. */
  readonly closesAt: string | null;
  /** HH:MM; null: people open the queues again. */
  readonly opensAt: string | null;
}

/** Sets what is given and leaves the rest. */
export interface ConfigureSite {
  readonly siteId: string;
  readonly siteName?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly closesAt?: string | null | undefined;
  readonly opensAt?: string | null | undefined;
  /** The time zone of a site that was given none. */
  readonly ownTimeZone: string;
}

/** Decides a site's settings. Setting what is set already stores nothing. */
export const siteDecider: Decider<SiteSettings | undefined, ConfigureSite, SiteEvent> = {
  name: 'site',
  initial: undefined,
  boundary: ({ siteId }) => ({ stream: siteStream(siteId) }),
  evolve(settings, event) {
    if (event.type !== 'SiteConfigured') return settings;
    const { siteName, timeZone, closesAt, opensAt } = event.data;
    return { siteName, timeZone, closesAt, opensAt };
  },
  decide(settings, command, { now }) {
    const { siteId } = command;
    const siteName = command.siteName ?? settings?.siteName ?? siteId;
    const timeZone = command.timeZone ?? settings?.timeZone ?? command.ownTimeZone;
    const closesAt = command.closesAt === undefined ? (settings?.closesAt ?? null) : command.closesAt;
    const opensAt = command.opensAt === undefined ? (settings?.opensAt ?? null) : command.opensAt;
    const isSame =
      settings?.siteName === siteName &&
      settings.timeZone === timeZone &&
      settings.closesAt === closesAt &&
      settings.opensAt === opensAt;
    if (isSame) return [];
    const nextCloseAt = closesAt === null ? null : momentOf(nextAt(timeZone, closesAt, now));
    const configuredAt = momentOf(now);
    return [SiteConfigured({ siteId, siteName, timeZone, closesAt, opensAt, nextCloseAt, configuredAt })];
  },
};
