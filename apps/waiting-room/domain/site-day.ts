import type { Decider } from '#millrace';
import {
  DayClosed,
  DayOpened,
  isVisitEvent,
  momentOf,
  QueueClosed,
  QueueOpened,
  type QueueEvent,
  type SiteEvent,
  type VisitEvent,
} from './events.ts';
import { allQueueSettingsTag, mainSite, queueStream, siteQueuesTag, siteStream } from './names.ts';
import { queueStateAfter, type QueueState } from './queue-state.ts';
import { refuse } from './refusals.ts';
import type { SiteSettings } from './site.ts';
import { nextAt, siteDay } from './zone-time.ts';

/** What the timers of a site ask for. `at`: the moment that they were set to, in milliseconds since 1970. */
export interface EndOrBeginDay {
  readonly type: 'close-day' | 'open-day';
  readonly siteId: string;
  readonly at: number;
}

interface QueueOfSite {
  readonly siteId: string | undefined;
  readonly state: QueueState;
  /** The day that closed it; undefined when people did, or it is not closed. */
  readonly closedWith: string | undefined;
}

export interface SiteDays {
  readonly site: SiteSettings | undefined;
  readonly nextCloseAt: string | null;
  /** When the queues that {@link SiteDays.closedDay} closed open by themselves. */
  readonly nextOpenAt: string | null;
  readonly closedDay: string | undefined;
  /** All queues with settings or a state, and those that were only checked in to at this site. */
  readonly queues: ReadonlyMap<string, QueueOfSite>;
}

const untouched: QueueOfSite = { siteId: undefined, state: 'OPEN', closedWith: undefined };

/**
 * Ends and begins a site's day: closes its queues, and opens those that the end of the day had closed and nobody has
 * touched since. It reads the settings of all queues and the check-ins that made queues without settings known, so a
 * queue cannot slip by; a check-in at the same moment has its guard on the queue's settings and is refused.
 */
export const siteDayDecider: Decider<SiteDays, EndOrBeginDay, SiteEvent | QueueEvent | VisitEvent> = {
  name: 'site-day',
  initial: { site: undefined, nextCloseAt: null, nextOpenAt: null, closedDay: undefined, queues: new Map() },
  boundary: ({ siteId }) => ({
    stream: siteStream(siteId),
    reads: [
      { stream: siteStream(siteId) },
      { tags: [allQueueSettingsTag] },
      { tags: [siteQueuesTag(siteId)], types: ['PatientCheckedIn'] },
    ],
  }),
  evolve(days, event) {
    if (isVisitEvent(event)) {
      const { queueId } = event.data;
      return days.queues.has(queueId) ? days : withQueue(days, queueId, untouched);
    }
    switch (event.type) {
      case 'SiteConfigured': {
        const { siteName, timeZone, closesAt, opensAt, nextCloseAt } = event.data;
        const nextOpenAt = opensAt === null ? null : days.nextOpenAt;
        return { ...days, site: { siteName, timeZone, closesAt, opensAt }, nextCloseAt, nextOpenAt };
      }
      case 'DayClosed':
        return {
          ...days,
          nextCloseAt: event.data.nextCloseAt,
          nextOpenAt: event.data.opensAt,
          closedDay: event.data.day,
        };
      case 'DayOpened':
        return { ...days, nextOpenAt: null };
      case 'QueueConfigured':
      case 'QueueOpened':
      case 'QueuePaused':
      case 'QueueClosed':
        return withQueue(days, event.data.queueId, nextQueue(days.queues.get(event.data.queueId) ?? untouched, event));
    }
  },
  decide(days, { type, siteId, at }, { now }) {
    const moment = momentOf(at);
    const changedAt = momentOf(now);
    const { site } = days;
    const own = [...days.queues].filter(([, queue]) => (queue.siteId ?? mainSite) === siteId);
    if (type === 'open-day') {
      if (days.nextOpenAt !== moment)
        throw refuse('TIMER_OUTDATED', { field: 'siteId', problem: 'does not open then' });
      const queueIds = own.filter(([, queue]) => queue.closedWith === days.closedDay).map(([id]) => id);
      return [
        DayOpened({ siteId, queueIds, openedAt: changedAt }),
        ...queueIds.map((queueId) => QueueOpened({ queueId, changedAt }, { stream: queueStream(queueId) })),
      ];
    }
    if (site === undefined || site.closesAt === null || days.nextCloseAt !== moment) {
      throw refuse('TIMER_OUTDATED', { field: 'siteId', problem: 'does not close then' });
    }
    const { timeZone, closesAt, opensAt } = site;
    const queueIds = own.filter(([, { state }]) => state !== 'CLOSED').map(([id]) => id);
    const day = siteDay(site, at - 1);
    // From now and not from then: when nothing ran for days, one closing stands for all of them.
    const nextCloseAt = momentOf(nextAt(timeZone, closesAt, Math.max(at, now)));
    const opensNext = opensAt === null ? null : momentOf(nextAt(timeZone, opensAt, at));
    return [
      DayClosed({ siteId, day, queueIds, nextCloseAt, opensAt: opensNext, closedAt: changedAt }),
      ...queueIds.map((queueId) =>
        QueueClosed({ queueId, reason: null, day, changedAt }, { stream: queueStream(queueId) }),
      ),
    ];
  },
};

function withQueue(days: SiteDays, queueId: string, queue: QueueOfSite): SiteDays {
  return { ...days, queues: new Map(days.queues).set(queueId, queue) };
}

function nextQueue(queue: QueueOfSite, event: QueueEvent): QueueOfSite {
  if (event.type === 'QueueConfigured') return { ...queue, siteId: event.data.siteId };
  const closedWith = event.type === 'QueueClosed' ? (event.data.day ?? undefined) : undefined;
  return { ...queue, state: queueStateAfter(queue.state, event), closedWith };
}
