import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, day, moment, queueId, siteId } from './event-shapes.ts';
import { ticketPrefixPattern } from './ticket.ts';
import {
  upcastQueueClosedFromV1,
  upcastQueueConfiguredFromV1,
  upcastQueueConfiguredFromV2,
  upcastQueuePausedFromV1,
} from './upcasts.ts';
import { allQueueSettingsTag, queueSettingsTag, queueTag } from './names.ts';

/** All of them are the queue's settings: a check-in is guarded against each. */
function settingsTags(data: { readonly queueId: string }): readonly string[] {
  return [queueTag(data.queueId), queueSettingsTag(data.queueId), allQueueSettingsTag];
}

/**
 * A queue got a name, a limit, or stages before the consultation. A queue that was never configured has its id for a
 * name, no limit and no such stages.
 */
export const QueueConfigured = defineEvent('QueueConfigured', {
  version: 3,
  schema: Type.Object(
    {
      queueId,
      queueName: Type.String({ minLength: 1, maxLength: 100 }),
      /** Patients who may wait at the same time; null for no limit. */
      maxCapacity: Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()]),
      /** Where a patient goes before the consultation. */
      stages: Type.Object({ triage: Type.Boolean(), cashier: Type.Boolean() }, closed),
      siteId,
      /** What its tickets begin with. */
      ticketPrefix: Type.String({ pattern: ticketPrefixPattern }),
      /** So long is waited for a patient who was called into a room; null for ever. */
      callTimeoutMinutes: Type.Union([Type.Integer({ minimum: 1, maximum: 240 }), Type.Null()]),
      configuredAt: moment,
    },
    closed,
  ),
  tags: settingsTags,
  upcasts: { 1: upcastQueueConfiguredFromV1, 2: upcastQueueConfiguredFromV2 },
});

/** What people said about it is for everybody to read, so nothing about patients belongs there. */
const why = Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()]);

/** The queue takes patients in again, and calls them. A queue is open until something else is said. */
export const QueueOpened = defineEvent('QueueOpened', {
  schema: Type.Object({ queueId, changedAt: moment }, closed),
  tags: settingsTags,
});

/** Nobody is taken in or called until the queue is opened again, which happens by itself at `until` when it is given. */
export const QueuePaused = defineEvent('QueuePaused', {
  version: 2,
  schema: Type.Object({ queueId, reason: why, until: Type.Union([moment, Type.Null()]), changedAt: moment }, closed),
  tags: settingsTags,
  upcasts: { 1: upcastQueuePausedFromV1 },
});

/** Nobody is taken in any more; those who wait are still called. `day`: the site's day that ended, null by hand. */
export const QueueClosed = defineEvent('QueueClosed', {
  version: 2,
  schema: Type.Object({ queueId, reason: why, day: Type.Union([day, Type.Null()]), changedAt: moment }, closed),
  tags: settingsTags,
  upcasts: { 1: upcastQueueClosedFromV1 },
});

/** The visits that the end of a day met in a queue, and that nobody had called, are over. `visits` counts them. */
export const OpenVisitsEnded = defineEvent('OpenVisitsEnded', {
  schema: Type.Object({ queueId, day, visits: Type.Integer({ minimum: 0 }), endedAt: moment }, closed),
  tags: (data) => [queueTag(data.queueId)],
});

/** The settings of a queue: a check-in is guarded against each of them. */
export const queueEvents = [QueueConfigured, QueueOpened, QueuePaused, QueueClosed] as const;

export type QueueEvent = EventOf<(typeof queueEvents)[number]>;
export type OpenVisitsEndedEvent = EventOf<typeof OpenVisitsEnded>;
