import type { Decider } from '#millrace';
import { momentOf, QueueConfigured, type QueueEvent } from './events.ts';
import { queueStream } from './names.ts';

export interface QueueSettings {
  readonly queueName: string;
  readonly maxCapacity: number | null;
}

/** Sets what is given and leaves the rest. `maxCapacity: null` takes the limit away. */
export interface ConfigureQueue {
  readonly queueId: string;
  readonly queueName?: string | undefined;
  readonly maxCapacity?: number | null | undefined;
}

/** Decides a queue's settings. Setting what is set already stores nothing. */
export const queueDecider: Decider<QueueSettings | undefined, ConfigureQueue, QueueEvent> = {
  name: 'queue',
  initial: undefined,
  boundary: ({ queueId }) => ({ stream: queueStream(queueId) }),
  evolve(settings, event) {
    if (event.type !== 'QueueConfigured') return settings;
    return { queueName: event.data.queueName, maxCapacity: event.data.maxCapacity };
  },
  decide(settings, command, { now }) {
    const { queueId } = command;
    const queueName = command.queueName ?? settings?.queueName ?? queueId;
    const maxCapacity = command.maxCapacity === undefined ? (settings?.maxCapacity ?? null) : command.maxCapacity;
    if (settings?.queueName === queueName && settings.maxCapacity === maxCapacity) return [];
    return [QueueConfigured({ queueId, queueName, maxCapacity, configuredAt: momentOf(now) })];
  },
};
