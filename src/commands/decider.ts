import type { NewEvent, Json } from '../events/envelope.ts';
import type { AppendCondition, EventQuery } from '../store/store.ts';

/** What an event looks like to a decision: its type and its data, newest schema version. */
export interface DecidedEvent {
  readonly type: string;
  readonly data: unknown;
}

/** What a decision may know besides state and command. Handed in, so that deciding stays pure. */
export interface DecisionContext {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What one command decides about, and what must not change meanwhile. */
export interface Boundary {
  /** The stream that the command's events go to, unless an event names another. No personal data in it. */
  readonly stream: string;
  /** The stream is made by this command: it must not exist. */
  readonly newStream?: boolean;
  /**
   * What the state is folded from, and what no one else may add to until the command is stored. Default: the stream.
   * Queries over tags make a decision span streams: the same thing keeps a number unique, a slot single, a room
   * to one person.
   */
  readonly reads?: readonly EventQuery[];
  /**
   * Streams that the command chooses among. They are part of the state, but others may add to them meanwhile: only one
   * that the command writes to is held to its version, so whoever takes another candidate does not disturb.
   */
  readonly candidates?: readonly string[];
  /**
   * What commands of this kind compete for, in words of the application (a queue, say). Once two races in a row were
   * lost, whatever competes for the same decides under the log's lock for a while. Default: the boundary for itself.
   */
  readonly competesFor?: string;
  /** More that must hold, without being part of the state. */
  readonly guards?: readonly AppendCondition[];
  /** Most commands of this kind find nothing there yet: start from the initial state instead of reading first. When
   * that was wrong the log says so, and the command is decided again on what is there. */
  readonly likelyNew?: boolean;
}

/** How a state is kept so that a long history need not be read again. */
export interface SnapshotRule<State> {
  /** Counts up when the state's shape changes; other versions are ignored. */
  readonly version: number;
  /** Take one after so many events. */
  readonly every: number;
  readonly toJson: (state: State) => Json;
  readonly fromJson: (json: Json) => State;
}

/**
 * Decides commands. `decide` and `evolve` are pure: the same state and command give the same events, `evolve` returns a
 * new state and leaves the old one as it is (a decision that loses a race is thrown away with its state).
 * `decide` refuses by throwing a {@link DomainError}.
 * @example
 * const counter: Decider<number, { by: number }, EventOf<typeof Counted>> = {
 *   name: 'counter', initial: 0, boundary: () => ({ stream: 'counter-1' }),
 *   decide: (_count, command) => [Counted({ by: command.by })],
 *   evolve: (count, event) => count + event.data.by,
 * };
 */
export interface Decider<State, Command, Event extends DecidedEvent> {
  readonly name: string;
  readonly initial: State;
  readonly boundary: (command: Command) => Boundary;
  readonly decide: (state: State, command: Command, context: DecisionContext) => readonly NewEventOf<Event>[];
  readonly evolve: (state: State, event: Event) => State;
  readonly snapshot?: SnapshotRule<State>;
}

/** The new events that fit a union of decided events. */
export type NewEventOf<Event extends DecidedEvent> = Event extends DecidedEvent
  ? NewEvent<Event['type'], Event['data']>
  : never;
