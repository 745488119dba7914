import type { Decider } from '#millrace';
import { momentOf, QueueConfigured, type QueueEvent } from './events.ts';
import { queueStream } from './names.ts';
import { noStages, type Stages } from './stages.ts';

export interface QueueSettings {
  readonly queueName: string;
  readonly maxCapacity: number | null;
  readonly stages: Stages;
}

/** Sets what is given and leaves the rest. `maxCapacity: null` takes the limit away. */
export interface ConfigureQueue {
  readonly queueId: string;
  readonly queueName?: string | undefined;
  readonly maxCapacity?: number | null | undefined;
  readonly stages?: { readonly triage?: boolean | undefined; readonly cashier?: boolean | undefined } | undefined;
}

/** Decides a queue's settings. Setting what is set already stores nothing. */
export const queueDecider: Decider<QueueSettings | undefined, ConfigureQueue, QueueEvent> = {
  name: 'queue',
  initial: undefined,
  boundary: ({ queueId }) => ({ stream: queueStream(queueId) }),
  evolve(settings, event) {
    if (event.type !== 'QueueConfigured') return settings;
    const { queueName, maxCapacity, stages } = event.data;
    return { queueName, maxCapacity, stages };
  },
  decide(settings, command, { now }) {
    const { queueId } = command;
    const queueName = command.queueName ?? settings?.queueName ?? queueId;
    const maxCapacity = command.maxCapacity === undefined ? (settings?.maxCapacity ?? null) : command.maxCapacity;
    const before = settings?.stages ?? noStages;
    const stages = {
      triage: command.stages?.triage ?? before.triage,
      cashier: command.stages?.cashier ?? before.cashier,
    };
    const sameStages = stages.triage === before.triage && stages.cashier === before.cashier;
    if (settings?.queueName === queueName && settings.maxCapacity === maxCapacity && sameStages) return [];
    return [QueueConfigured({ queueId, queueName, maxCapacity, stages, configuredAt: momentOf(now) })];
  },
};
