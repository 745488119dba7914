import type { CommandResult } from '../commands/mailbox.ts';
import type { DecidedEvent, Decider } from '../commands/decider.ts';
import type { JsonObject, StoredEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';

/** A timer that is due, as `fire` is given it. */
export interface Timer<Payload extends JsonObject = JsonObject> {
  /** Unique within the definition: 1 to 200 printable ASCII characters, nothing personal. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  /** What `on` gave it; after a change of the code perhaps in the shape of before, until a rebuild. */
  readonly payload: Payload;
}

/** What an event does to the timers of a definition. Made by {@link setTimer} and {@link cancelTimer}. */
export type TimerChange<Payload extends JsonObject = JsonObject> =
  | { readonly set: Timer<Payload> }
  | { readonly cancel: string };

/** The payload of a timer that has none. */
export type NoPayload = { readonly [field: string]: never };

/** What a timer of a definition asks for when it is due. */
export interface TimerCommand<State, Command, Event extends DecidedEvent> {
  readonly decider: Decider<State, Command, Event>;
  readonly command: Command;
}

export interface TimersOptions<Payload extends JsonObject, State, Command, Event extends DecidedEvent> {
  /** Lower case letters, digits and dashes: `payment-deadline`. */
  readonly id: string;
  /**
   * What each type of event does: sets a timer, cancels one, or nothing (undefined). Pure: the same event gives the same
   * change, whenever it is read; so the time comes from the event and never from a clock. Let the events that set and
   * cancel one timer be of one stream, which is what order is kept in when an event is parked.
   */
  readonly on: { readonly [eventType: string]: (event: StoredEvent) => TimerChange<Payload> | undefined };
  /**
   * The command that a due timer stands for. The decider has the last word: what it refuses has no effect and is not
   * tried again.
   */
  readonly fire: (timer: Timer<Payload>) => TimerCommand<State, Command, Event>;
}

/** Executes a command of whatever decider. */
export type Execute = <State, Command, Event extends DecidedEvent>(
  decider: Decider<State, Command, Event>,
  command: Command,
) => Promise<CommandResult>;

/** Timers of one kind. Made by {@link defineTimers}. */
export interface TimersDefinition {
  readonly id: string;
  readonly on: { readonly [eventType: string]: (event: StoredEvent) => TimerChange | undefined };
  /** Makes the command of a due timer and executes it. */
  readonly fire: (timer: Timer, execute: Execute) => Promise<CommandResult>;
}

/** The year 2250: later, a number does not hold the microseconds that PostgreSQL counts in. */
const latest = Date.UTC(2250, 0, 1);

/**
 * Defines timers of one kind: which events set and cancel them, and the command that each stands for. A timer is derived
 * from events, so it is there after a restart and after a rebuild; each (key, dueAt) takes effect once, however many
 * processes execute commands. List it in `defineSystem({ timers })`. Throws DEFINITION_INVALID for an id that is not
 * lower case letters, digits and dashes, and when no event is named.
 * @example
 * const paymentDeadline = defineTimers({
 *   id: 'payment-deadline',
 *   on: {
 *     OrderPlaced: (event) => setTimer({ key: event.stream, dueAt: Math.ceil(event.occurredAt) + 15 * 60_000 }),
 *     OrderPaid: (event) => cancelTimer(event.stream),
 *     OrderCancelled: (event) => cancelTimer(event.stream),
 *   },
 *   fire: ({ key, dueAt }) => ({ decider: order, command: { type: 'give-up', order: key, deadline: dueAt } }),
 * });
 */
export function defineTimers<Payload extends JsonObject, State, const Command, Event extends DecidedEvent>(
  options: TimersOptions<Payload, State, Command, Event>,
): TimersDefinition {
  const { id, on, fire } = options;
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) {
    throw new MillraceError('DEFINITION_INVALID', `Timers ${id}: an id is lower case letters, digits and dashes.`);
  }
  if (Object.keys(on).length === 0) {
    throw new MillraceError('DEFINITION_INVALID', `Timers ${id}: no event sets one.`);
  }
  return {
    id,
    on,
    fire: async ({ key, dueAt, payload }, execute) => {
      // The rows of a definition hold what its own `on` has put there.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      const { decider, command } = fire({ key, dueAt, payload: payload as Payload });
      return execute(decider, command);
    },
  };
}

/**
 * Sets the timer of a key, in place of the one that is there. `dueAt` is milliseconds since 1970, an integer (the
 * `occurredAt` of an event has fractions: round it); a time that has passed is due at once. `payload` is JSON without
 * personal data. Throws DEFINITION_INVALID for another key or time, which parks the event of the handler.
 * @example setTimer({ key: 'order-7', dueAt: Date.UTC(2026, 0, 1), payload: { attempt: 2 } })
 */
export function setTimer(timer: { readonly key: string; readonly dueAt: number }): TimerChange<NoPayload>;
export function setTimer<Payload extends JsonObject>(timer: {
  readonly key: string;
  readonly dueAt: number;
  readonly payload: Payload;
}): TimerChange<Payload>;
export function setTimer(timer: {
  readonly key: string;
  readonly dueAt: number;
  readonly payload?: JsonObject;
}): TimerChange {
  const { key, dueAt, payload = {} } = timer;
  checkKey(key);
  if (!Number.isInteger(dueAt) || dueAt < 0 || dueAt > latest) {
    throw new MillraceError(
      'DEFINITION_INVALID',
      'A timer is due at an integer of milliseconds since 1970, before 2250.',
    );
  }
  return { set: { key, dueAt, payload } };
}

/** Cancels the timer of a key, when there is one. Throws DEFINITION_INVALID for a key that no timer can have. */
export function cancelTimer(key: string): { readonly cancel: string } {
  checkKey(key);
  return { cancel: key };
}

function checkKey(key: string): void {
  if (typeof key === 'string' && /^[\x20-\x7e]{1,200}$/.test(key)) return;
  throw new MillraceError('DEFINITION_INVALID', 'The key of a timer is 1 to 200 printable ASCII characters.');
}
