import { Type } from 'typebox';
import type { Decider } from '../../src/commands/decider.ts';
import { DomainError } from '../../src/errors.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';

export const CartItemAdded = defineEvent('CartItemAdded', {
  schema: Type.Object({ by: Type.Integer(), total: Type.Integer() }),
});

export interface AddToCart {
  readonly cart: string;
  readonly by: number;
  /** Refuse when the cart would hold more. */
  readonly limit?: number;
}

/** A counter as deciders go: every event says what the total is after it, so that a lost update shows. */
export const addToCart: Decider<number, AddToCart, EventOf<typeof CartItemAdded>> = {
  name: 'cart',
  initial: 0,
  boundary: (command) => ({ stream: command.cart }),
  decide: (total, command) => {
    if (total + command.by > (command.limit ?? Infinity))
      throw new DomainError('CART_FULL', `The cart holds ${total}.`);
    return command.by === 0 ? [] : [CartItemAdded({ by: command.by, total: total + command.by })];
  },
  evolve: (total, event) => total + event.data.by,
};
