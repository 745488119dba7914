import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, day, moment, queueId, siteId, timeOfDay } from './event-shapes.ts';
import { allSitesTag, siteTag } from './names.ts';

function siteTags(data: { readonly siteId: string }): readonly string[] {
  return [siteTag(data.siteId), allSitesTag];
}

const mayBe = { moment: Type.Union([moment, Type.Null()]), timeOfDay: Type.Union([timeOfDay, Type.Null()]) };

/**
 * A site got a name, a time zone or hours. `nextCloseAt` is the moment at which its day ends next, null when nobody
 * said when: worked out once, so that whoever reads the event again later sets the timer to the same moment.
 */
export const SiteConfigured = defineEvent('SiteConfigured', {
  schema: Type.Object(
    {
      siteId,
      siteName: Type.String({ minLength: 1, maxLength: 100 }),
      timeZone: Type.String({ minLength: 1, maxLength: 60 }),
      closesAt: mayBe.timeOfDay,
      opensAt: mayBe.timeOfDay,
      nextCloseAt: mayBe.moment,
      configuredAt: moment,
    },
    closed,
  ),
  tags: siteTags,
});

/** A site's day is over, and so were these queues, which had been open or paused. `opensAt`: when they open by themselves. */
export const DayClosed = defineEvent('DayClosed', {
  schema: Type.Object(
    { siteId, day, queueIds: Type.Array(queueId), nextCloseAt: mayBe.moment, opensAt: mayBe.moment, closedAt: moment },
    closed,
  ),
  tags: siteTags,
});

/** A site's next day began, and these queues opened with it. */
export const DayOpened = defineEvent('DayOpened', {
  schema: Type.Object({ siteId, queueIds: Type.Array(queueId), openedAt: moment }, closed),
  tags: siteTags,
});

export const siteEvents = [SiteConfigured, DayClosed, DayOpened] as const;

export type SiteEvent = EventOf<(typeof siteEvents)[number]>;
