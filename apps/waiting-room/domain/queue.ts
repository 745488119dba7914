import type { Decider } from '#millrace';
import { momentOf, QueueConfigured, type QueueEvent } from './events.ts';
import { mainSite, queueStream } from './names.ts';
import { noStages, type Stages } from './stages.ts';
import { prefixOf } from './ticket.ts';

export interface QueueSettings {
  readonly queueName: string;
  readonly maxCapacity: number | null;
  readonly stages: Stages;
  readonly siteId: string;
  readonly ticketPrefix: string;
  readonly callTimeoutMinutes: number | null;
}

/** What a queue has that was given nothing. */
export function defaultsOf(queueId: string): QueueSettings {
  return {
    ...{ queueName: queueId, maxCapacity: null, stages: noStages },
    ...{ siteId: mainSite, ticketPrefix: prefixOf(queueId), callTimeoutMinutes: null },
  };
}

/** Sets what is given and leaves the rest. `maxCapacity: null` takes the limit away. */
export interface ConfigureQueue {
  readonly queueId: string;
  readonly queueName?: string | undefined;
  readonly maxCapacity?: number | null | undefined;
  readonly stages?: { readonly triage?: boolean | undefined; readonly cashier?: boolean | undefined } | undefined;
  readonly siteId?: string | undefined;
  readonly ticketPrefix?: string | undefined;
  readonly callTimeoutMinutes?: number | null | undefined;
}

/** Decides a queue's settings. Setting what is set already stores nothing. */
export const queueDecider: Decider<QueueSettings | undefined, ConfigureQueue, QueueEvent> = {
  name: 'queue',
  initial: undefined,
  boundary: ({ queueId }) => ({ stream: queueStream(queueId) }),
  evolve(settings, event) {
    if (event.type !== 'QueueConfigured') return settings;
    const { queueName, maxCapacity, stages, siteId, ticketPrefix, callTimeoutMinutes } = event.data;
    return { queueName, maxCapacity, stages, siteId, ticketPrefix, callTimeoutMinutes };
  },
  decide(settings, command, { now }) {
    const { queueId } = command;
    const before = settings ?? defaultsOf(queueId);
    const wanted: QueueSettings = {
      queueName: command.queueName ?? before.queueName,
      maxCapacity: command.maxCapacity === undefined ? before.maxCapacity : command.maxCapacity,
      stages: {
        triage: command.stages?.triage ?? before.stages.triage,
        cashier: command.stages?.cashier ?? before.stages.cashier,
      },
      siteId: command.siteId ?? before.siteId,
      ticketPrefix: command.ticketPrefix ?? before.ticketPrefix,
      callTimeoutMinutes:
        command.callTimeoutMinutes === undefined ? before.callTimeoutMinutes : command.callTimeoutMinutes,
    };
    if (settings !== undefined && isSame(settings, wanted)) return [];
    return [QueueConfigured({ queueId, ...wanted, configuredAt: momentOf(now) })];
  },
};

function isSame(a: QueueSettings, b: QueueSettings): boolean {
  return (
    a.queueName === b.queueName &&
    a.maxCapacity === b.maxCapacity &&
    a.stages.triage === b.stages.triage &&
    a.stages.cashier === b.stages.cashier &&
    a.siteId === b.siteId &&
    a.ticketPrefix === b.ticketPrefix &&
    a.callTimeoutMinutes === b.callTimeoutMinutes
  );
}
