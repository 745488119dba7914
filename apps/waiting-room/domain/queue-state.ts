import type { Decider } from '#millrace';
import { momentOf, QueueClosed, QueueOpened, QueuePaused, type QueueEvent } from './events.ts';
import { queueStream } from './names.ts';
import { refuse } from './refusals.ts';

export const queueStates = ['OPEN', 'PAUSED', 'CLOSED'] as const;

/** OPEN takes in and calls, PAUSED does neither, CLOSED only calls those who wait. */
export type QueueState = (typeof queueStates)[number];

/** The state of a queue after one more of its events. */
export function queueStateAfter(state: QueueState, { type }: { readonly type: string }): QueueState {
  if (type === QueueOpened.type) return 'OPEN';
  if (type === QueuePaused.type) return 'PAUSED';
  return type === QueueClosed.type ? 'CLOSED' : state;
}

/** Refuses whoever wants to come into a queue that takes nobody in. */
export function refuseEntry(state: QueueState): void {
  if (state === 'PAUSED') throw refuse('QUEUE_PAUSED', { field: 'queueId', problem: 'is paused' });
  if (state === 'CLOSED') throw refuse('QUEUE_CLOSED', { field: 'queueId', problem: 'is closed' });
}

/** Refuses a call from a queue that rests. */
export function refuseCalls(state: QueueState): void {
  if (state === 'PAUSED') throw refuse('QUEUE_PAUSED', { field: 'queueId', problem: 'is paused' });
}

/** Opens, pauses or closes a queue. */
export interface ChangeQueueState {
  readonly queueId: string;
  readonly to: QueueState;
  readonly reason?: string | undefined;
}

/** Decides a queue's state. Any may follow any other; the one that it has already stores nothing. */
export const queueStateDecider: Decider<QueueState, ChangeQueueState, QueueEvent> = {
  name: 'queue-state',
  initial: 'OPEN',
  boundary: ({ queueId }) => ({ stream: queueStream(queueId) }),
  evolve: queueStateAfter,
  decide(state, { queueId, to, reason = null }, { now }) {
    if (state === to) return [];
    const changedAt = momentOf(now);
    switch (to) {
      case 'OPEN':
        return [QueueOpened({ queueId, changedAt })];
      case 'PAUSED':
        return [QueuePaused({ queueId, reason, changedAt })];
      case 'CLOSED':
        return [QueueClosed({ queueId, reason, changedAt })];
    }
  },
};
