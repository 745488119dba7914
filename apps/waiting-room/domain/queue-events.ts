import { defineEvent, Type, type EventOf } from '#millrace';
import { closed, moment, queueId } from './event-shapes.ts';
import { upcastQueueConfiguredFromV1 } from './upcasts.ts';
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
  version: 2,
  schema: Type.Object(
    {
      queueId,
      queueName: Type.String({ minLength: 1, maxLength: 100 }),
      /** Patients who may wait at the same time; null for no limit. */
      maxCapacity: Type.Union([Type.Integer({ minimum: 1, maximum: 100_000 }), Type.Null()]),
      /** Where a patient goes before the consultation. */
      stages: Type.Object({ triage: Type.Boolean(), cashier: Type.Boolean() }, closed),
      configuredAt: moment,
    },
    closed,
  ),
  tags: settingsTags,
  upcasts: { 1: upcastQueueConfiguredFromV1 },
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
