import { DomainError, dataOf, defineEvent, Type } from '../../src/index.ts';
import { cancelTimer, defineTimers, setTimer } from '../../src/index.ts';
import type { Decider, EventOf } from '../../src/index.ts';

/** What docs/guides/timers.md shows: the blocks of code there stand here, and tests run them. */

export const OrderPlaced = defineEvent('OrderPlaced', { schema: Type.Object({ payBy: Type.Integer() }) });
export const OrderPaid = defineEvent('OrderPaid', { schema: Type.Object({}) });
export const OrderGivenUp = defineEvent('OrderGivenUp', { schema: Type.Object({}) });

type OrderEvent = EventOf<typeof OrderPlaced | typeof OrderPaid | typeof OrderGivenUp>;
type OrderCommand =
  | { readonly type: 'place'; readonly order: string }
  | { readonly type: 'pay'; readonly order: string }
  | { readonly type: 'give-up'; readonly order: string; readonly deadline: number };

interface Order {
  readonly status: 'new' | 'placed' | 'paid' | 'given up';
  readonly payBy: number;
}

export const order: Decider<Order, OrderCommand, OrderEvent> = {
  name: 'order',
  initial: { status: 'new', payBy: 0 },
  boundary: (command) => ({ stream: command.order }),
  decide: (state, command, { now }) => {
    switch (command.type) {
      case 'place':
        return [OrderPlaced({ payBy: Math.ceil(now) + 15 * 60_000 })];
      case 'pay':
        return [OrderPaid({})];
      case 'give-up':
        if (state.status !== 'placed' || state.payBy !== command.deadline) {
          throw new DomainError('ORDER_MOVED_ON', 'That deadline does not stand any more.');
        }
        return [OrderGivenUp({})];
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'OrderPlaced':
        return { status: 'placed', payBy: event.data.payBy };
      case 'OrderPaid':
        return { ...state, status: 'paid' };
      case 'OrderGivenUp':
        return { ...state, status: 'given up' };
    }
  },
};

export const paymentDeadline = defineTimers({
  id: 'payment-deadline',
  on: {
    OrderPlaced: (event) => setTimer({ key: event.stream, dueAt: dataOf(OrderPlaced, event).payBy }),
    OrderPaid: (event) => cancelTimer(event.stream),
    OrderGivenUp: (event) => cancelTimer(event.stream),
  },
  fire: ({ key, dueAt }) => ({ decider: order, command: { type: 'give-up', order: key, deadline: dueAt } }),
});
