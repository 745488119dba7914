import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, moment, queueId } from './event-shapes.ts';
import { allQueueSettingsTag, queueSettingsTag, queueTag } from './names.ts';

/** All of them are the queue's settings: a check-in is guarded against each. */
function settingsTags(data: { readonly queueId: string }): readonly string[] {
  return [queueTag(data.queueId), queueSettingsTag(data.queueId), allQueueSettingsTag];
}

/** A queue got a name or a limit. A queue that was never configured has its id for a name and no limit. */
export const QueueConfigured = defineEvent('QueueConfigured', {
  schema: Type.Object(
    {
      queueId,
      queueName: Type.String({ minLength: 1, maxLength: 100 }),
      /** Patients who may wait at the same time; null for no limit. */
      maxCapacity: Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()]),
      configuredAt: moment,
    },
    closed,
  ),
  tags: settingsTags,
});

/** What people said about it is for everybody to read, so nothing about patients belongs there. */
const why = Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()]);

/** The queue takes patients in again, and calls them. A queue is open until something else is said. */
export const QueueOpened = defineEvent('QueueOpened', {
  schema: Type.Object({ queueId, changedAt: moment }, closed),
  tags: settingsTags,
});

/** Nobody is taken in or called until the queue is opened again. */
export const QueuePaused = defineEvent('QueuePaused', {
  schema: Type.Object({ queueId, reason: why, changedAt: moment }, closed),
  tags: settingsTags,
});

/** Nobody is taken in any more; those who wait are still called. */
export const QueueClosed = defineEvent('QueueClosed', {
  schema: Type.Object({ queueId, reason: why, changedAt: moment }, closed),
  tags: settingsTags,
});

export const queueEvents = [QueueConfigured, QueueOpened, QueuePaused, QueueClosed] as const;

export type QueueEvent = EventOf<(typeof queueEvents)[number]>;
