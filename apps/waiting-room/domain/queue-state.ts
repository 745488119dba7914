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
  /** When a pause ends by itself, in milliseconds since 1970; only with PAUSED. */
  readonly until?: number | undefined;
}

/** The end of a pause, as its timer asks for it. */
export interface EndPause {
  readonly queueId: string;
  readonly pausedUntil: number;
}

export interface QueueResting {
  readonly state: QueueState;
  /** When the pause ends by itself, as the event has it. */
  readonly until: string | null;
}

/** Decides a queue's state. Any may follow any other; the one that it has already stores nothing. */
export const queueStateDecider: Decider<QueueResting, ChangeQueueState | EndPause, QueueEvent> = {
  name: 'queue-state',
  initial: { state: 'OPEN', until: null },
  boundary: ({ queueId }) => ({ stream: queueStream(queueId) }),
  evolve(resting, event) {
    if (event.type === 'QueueConfigured') return resting;
    // The stream also says that a day's visits were ended, which changes neither.
    const state = queueStateAfter(resting.state, event);
    if (event.type === 'QueuePaused') return { state, until: event.data.until };
    return state === resting.state ? resting : { state, until: null };
  },
  decide(resting, command, { now }) {
    const changedAt = momentOf(now);
    const { queueId } = command;
    if ('pausedUntil' in command) {
      if (resting.until !== momentOf(command.pausedUntil)) {
        throw refuse('TIMER_OUTDATED', { field: 'queueId', problem: 'is in no pause that ends then' });
      }
      return [QueueOpened({ queueId, changedAt })];
    }
    const { to, reason = null } = command;
    const until = command.until === undefined ? null : momentOf(command.until);
    if (resting.state === to && resting.until === until) return [];
    switch (to) {
      case 'OPEN':
        return [QueueOpened({ queueId, changedAt })];
      case 'PAUSED':
        return [QueuePaused({ queueId, reason, until, changedAt })];
      case 'CLOSED':
        return [QueueClosed({ queueId, reason, day: null, changedAt })];
    }
  },
};
