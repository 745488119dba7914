import type { Decider, EventOf } from '../src/index.ts';
import { Counted } from './order-system.ts';

/** Counts up in one stream. */
export interface Count {
  readonly counter: string;
  readonly by: number;
}

/** The plainest decider with a state: every command adds an event to the counter's stream. */
export const counter: Decider<number, Count, EventOf<typeof Counted>> = {
  name: 'counter',
  initial: 0,
  boundary: (command) => ({ stream: command.counter }),
  evolve: (total, event) => total + event.data.by,
  decide: (total, command) => [Counted({ by: command.by, note: `the counter stood at ${total} before this` })],
};
