import type { DecidedEvent, Decider, DecisionContext, NewEventOf } from '../commands/decider.ts';
import { DomainError } from '../errors.ts';
import { expectEqual } from './difference.ts';

/** A decider with a past. */
export interface GivenDecider<State, Command, Event extends DecidedEvent> {
  readonly state: State;
  /** Decides a command on that past. `now` defaults to 2026-01-01T00:00:00Z. */
  when(command: Command, context?: Partial<DecisionContext>): Decision<Event>;
}

/** What came of a command. */
export interface Decision<Event extends DecidedEvent> {
  /** The events that were decided. Throws the error that was thrown instead. */
  readonly events: readonly NewEventOf<Event>[];
  /** Exactly these events, in this order: types and data, and the stream where the expected event names one. */
  thenEvents(...expected: readonly (DecidedEvent & { readonly stream?: string })[]): void;
  /** A DomainError with that code. */
  thenRefused(code: string): void;
  /** An error of that class, thrown for a reason other than a refusal. */
  thenThrows(error: new (...parameters: never[]) => Error): void;
}

/**
 * Given–when–then for a decider. `events` are those that the command's boundary would read, in their order.
 * @example
 * given(cart, [ItemAdded({ sku: 'A-1' })]).when({ type: 'check-out' }).thenEvents(CheckedOut({ items: 1 }));
 * given(cart, []).when({ type: 'check-out' }).thenRefused('CART_EMPTY');
 */
export function given<State, Command, Event extends DecidedEvent>(
  decider: Pick<Decider<State, Command, Event>, 'initial' | 'evolve' | 'decide'>,
  events: readonly NoInfer<Event>[],
): GivenDecider<State, Command, Event> {
  const state = events.reduce((state, event) => decider.evolve(state, event), decider.initial);
  return {
    state,
    when(command, context) {
      const now = context?.now ?? Date.UTC(2026, 0, 1);
      try {
        return decided(decider.decide(state, command, { now }));
      } catch (error) {
        return failed(error);
      }
    },
  };
}

function decided<Event extends DecidedEvent>(events: readonly NewEventOf<Event>[]): Decision<Event> {
  const types = () => events.map((event) => event.type).join(', ') || 'no events';
  return {
    events,
    thenEvents(...expected) {
      const actual = events.map(({ type, data, stream }, index) => ({
        type,
        data,
        ...(expected[index]?.stream === undefined ? {} : { stream }),
      }));
      expectEqual(
        'The decided events',
        actual,
        expected.map(({ type, data, stream }) => ({ type, data, stream })),
      );
    },
    thenRefused(code) {
      throw new Error(`Expected a refusal with ${code}, but ${types()} was decided.`);
    },
    thenThrows(error) {
      throw new Error(`Expected a ${error.name}, but ${types()} was decided.`);
    },
  };
}

function failed<Event extends DecidedEvent>(error: unknown): Decision<Event> {
  const described = error instanceof DomainError ? `refused with ${error.code}` : `failed: ${String(error)}`;
  return {
    get events(): readonly NewEventOf<Event>[] {
      throw error;
    },
    thenEvents() {
      throw new Error(`Expected events, but the command was ${described}.`, { cause: error });
    },
    thenRefused(code) {
      if (error instanceof DomainError && error.code === code) return;
      throw new Error(`Expected a refusal with ${code}, but the command was ${described}.`, { cause: error });
    },
    thenThrows(expected) {
      if (error instanceof expected) return;
      throw new Error(`Expected a ${expected.name}, but the command was ${described}.`, { cause: error });
    },
  };
}
