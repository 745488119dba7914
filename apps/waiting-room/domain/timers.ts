import { cancelTimer, dataOf, defineTimers, setTimer, type StoredEvent } from '#millrace';
import { endOfDayDecider } from './end-of-day.ts';
import {
  DayClosed,
  PatientCalled,
  PatientRecalled,
  QueueClosed,
  QueuePaused,
  SiteConfigured,
  type VisitEvent,
} from './events.ts';
import { queueStateDecider } from './queue-state.ts';
import { siteDayDecider } from './site-day.ts';
import { visitDecider } from './visit-decider.ts';

/**
 * What happens in the clinic because time has passed. Each timer follows from events, and each decider compares the
 * timer's moment with its own state: what somebody did in time, or has changed since, stays.
 */

const at = (moment: string): number => Date.parse(moment);

/** The end of a site's day. */
export const siteClosing = defineTimers({
  id: 'site-closing',
  on: {
    SiteConfigured: (event) => setOrCancel(event.stream, dataOf(SiteConfigured, event).nextCloseAt),
    DayClosed: (event) => setOrCancel(event.stream, dataOf(DayClosed, event).nextCloseAt),
  },
  fire: ({ key, dueAt }) => ({
    decider: siteDayDecider,
    command: { type: 'close-day', siteId: siteOf(key), at: dueAt },
  }),
});

/** The beginning of a site's next day, when it has an hour for that. */
export const siteOpening = defineTimers({
  id: 'site-opening',
  on: {
    SiteConfigured: (event) => (dataOf(SiteConfigured, event).opensAt === null ? cancelTimer(event.stream) : undefined),
    DayClosed: (event) => setOrCancel(event.stream, dataOf(DayClosed, event).opensAt),
    DayOpened: (event) => cancelTimer(event.stream),
  },
  fire: ({ key, dueAt }) => ({
    decider: siteDayDecider,
    command: { type: 'open-day', siteId: siteOf(key), at: dueAt },
  }),
});

/** The visits that nobody called before the day ended: due as soon as their queue was closed. */
export const visitsAtClosing = defineTimers({
  id: 'visits-at-closing',
  on: {
    QueueClosed(event) {
      const { day, changedAt } = dataOf(QueueClosed, event);
      return day === null ? cancelTimer(event.stream) : setTimer({ key: event.stream, dueAt: at(changedAt) });
    },
    QueueOpened: (event) => cancelTimer(event.stream),
    QueuePaused: (event) => cancelTimer(event.stream),
    OpenVisitsEnded: (event) => cancelTimer(event.stream),
  },
  fire: ({ key, dueAt }) => ({ decider: endOfDayDecider, command: { queueId: queueOf(key), closedAt: dueAt } }),
});

/** The end of a pause that was given one. */
export const pauseEnd = defineTimers({
  id: 'pause-end',
  on: {
    QueuePaused: (event) => setOrCancel(event.stream, dataOf(QueuePaused, event).until),
    QueueOpened: (event) => cancelTimer(event.stream),
    QueueClosed: (event) => cancelTimer(event.stream),
  },
  fire: ({ key, dueAt }) => ({ decider: queueStateDecider, command: { queueId: queueOf(key), pausedUntil: dueAt } }),
});

/** What can happen to somebody who is called into a room, besides being called again. */
const endsOfCalls = [
  'ConsultationStarted',
  'ConsultationCompleted',
  'PatientNoShow',
  'PatientAbsentAtConsultation',
  'PatientCancelledByAbsence',
  'CallUndone',
  'PatientTransferred',
  'PatientLeft',
  'VisitCancelled',
] as const satisfies readonly VisitEvent['type'][];

/** The time for coming to a room, in queues that have one. */
export const callTimeout = defineTimers({
  id: 'call-timeout',
  on: {
    ...Object.fromEntries(endsOfCalls.map((type) => [type, (event: StoredEvent) => cancelTimer(event.stream)])),
    PatientCalled: (event) => setOrNothing(event.stream, dataOf(PatientCalled, event).answerBy),
    PatientRecalled: (event) => setOrNothing(event.stream, dataOf(PatientRecalled, event).answerBy),
  },
  fire: ({ key, dueAt }) => ({
    decider: visitDecider,
    command: { type: 'call-expired', visitId: key, answerBy: dueAt },
  }),
});

export const waitingRoomTimers = [siteClosing, siteOpening, visitsAtClosing, pauseEnd, callTimeout] as const;

function setOrCancel(key: string, moment: string | null) {
  return moment === null ? cancelTimer(key) : setTimer({ key, dueAt: at(moment) });
}

/** Most calls have no such time, and nothing to cancel. */
function setOrNothing(key: string, moment: string | null) {
  return moment === null ? undefined : setTimer({ key, dueAt: at(moment) });
}

const siteOf = (stream: string): string => stream.slice('site-'.length);
const queueOf = (stream: string): string => stream.slice('queue-'.length);
