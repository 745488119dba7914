import { LRUCache } from 'lru-cache';
import { newEventId } from '../events/event-id.ts';
import type { EventRegistry } from '../events/codec.ts';
import type { EventMetadata, JsonObject, NewEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';
import type { EventLog } from '../store/store.ts';
import { BoundaryReader } from './boundary-state.ts';
import { hashKey, type KeyOfCommand } from './command-key.ts';
import { Contention } from './contention.ts';
import type { Boundary, DecidedEvent, Decider } from './decider.ts';
import { Mailbox, type CommandResult } from './mailbox.ts';
import type { CommandTrace, Tracing } from '../tracing.ts';

/** What comes along with a command. */
export interface CommandOptions {
  /** Who, why, in which context. A correlation id is made when none is given; the actor defaults to `anonymous`. */
  readonly metadata?: Partial<EventMetadata>;
  /** Makes the command safe to repeat. Kept for 24 hours. */
  readonly key?: KeyOfCommand;
  /** What is answered, made from the decided events; kept with the key. Default `{}`. */
  readonly answer?: (events: readonly NewEvent[]) => JsonObject;
}

export interface CommandHandlerOptions {
  /** Boundaries whose state stays in memory. Default 20,000. */
  readonly statesInMemory?: number;
  /** Commands inside the process at the same time before QUEUE_FULL. Default 20,000. */
  readonly maximumInFlight?: number;
  readonly tracing?: Tracing | undefined;
}

/** What the handler needs to know of a mailbox whose types it cannot name. */
interface AnyMailbox {
  readonly idle: boolean;
  forget(): void;
}

/**
 * Executes commands: load, decide, append, decide again on a conflict, answer. One mailbox for each boundary; a state
 * stays in memory while it is used.
 */
export class CommandHandler {
  readonly #log: EventLog;
  readonly #registry: EventRegistry;
  readonly #mailboxes: LRUCache<string, AnyMailbox>;
  readonly #contentions = new LRUCache<string, Contention>({ max: 10_000 });
  /** Mailboxes that were pushed out while they had work. */
  readonly #leaving = new Set<AnyMailbox>();
  readonly #keysInUse = new Map<string, Promise<unknown>>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #maximumInFlight: number;
  readonly #tracing: Tracing | undefined;
  readonly #stopListening: () => void;
  #closed = false;

  constructor(log: EventLog, registry: EventRegistry, options: CommandHandlerOptions = {}) {
    this.#log = log;
    this.#registry = registry;
    this.#maximumInFlight = options.maximumInFlight ?? 20_000;
    this.#tracing = options.tracing;
    this.#mailboxes = new LRUCache({
      max: options.statesInMemory ?? 20_000,
      dispose: (mailbox) => this.#leave(mailbox),
    });
    this.#stopListening = log.onIncarnationChanged(() => {
      for (const mailbox of this.#mailboxes.values()) mailbox.forget();
      for (const mailbox of this.#leaving) mailbox.forget();
    });
  }

  /**
   * Executes one command. Resolves when its events are durable. Rejects with a DomainError when the decider refuses,
   * with KEY_REUSED, STORE_UNAVAILABLE, QUEUE_FULL, EVENT_INVALID, or STOPPING.
   */
  async execute<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    if (this.#closed) throw new MillraceError('STOPPING', 'The process is shutting down.');
    if (this.#inFlight.size >= this.#maximumInFlight) {
      throw new MillraceError('QUEUE_FULL', 'Too many commands are under way.');
    }
    const trace = this.#tracing?.command(decider.name, options.metadata);
    const run = this.#begin(decider, command, trace === undefined ? options : traced(options, trace));
    this.#inFlight.add(run);
    try {
      const result = await run;
      trace?.end();
      return result;
    } catch (error) {
      trace?.end(error);
      throw error;
    } finally {
      this.#inFlight.delete(run);
    }
  }

  /** The state that a command would be decided on now, read from the log, and the last position in it. */
  async state<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    boundary: Boundary,
  ): Promise<{ readonly state: State; readonly position: number }> {
    const current = await this.#mailbox(decider, boundary).current();
    return { state: current.value, position: current.position };
  }

  /** Refuses new commands and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    await Promise.allSettled(this.#inFlight);
  }

  #leave(mailbox: AnyMailbox): void {
    for (const other of this.#leaving) if (other.idle) this.#leaving.delete(other);
    if (!mailbox.idle) this.#leaving.add(mailbox);
  }

  #begin<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options: CommandOptions,
  ): Promise<CommandResult> {
    return options.key === undefined
      ? this.#send(decider, command, options)
      : this.#sendKeyed(decider, command, options, options.key);
  }

  /** A second use of a key at the same moment waits for the first, and then meets what that one stored. */
  async #sendKeyed<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options: CommandOptions,
    keyOfCommand: KeyOfCommand,
  ): Promise<CommandResult> {
    const key = hashKey(keyOfCommand);
    const before = this.#keysInUse.get(key.key);
    const run = (async () => {
      if (before !== undefined) await before.catch(() => undefined);
      return this.#send(decider, command, options, key);
    })();
    this.#keysInUse.set(key.key, run);
    try {
      return await run;
    } finally {
      if (this.#keysInUse.get(key.key) === run) this.#keysInUse.delete(key.key);
    }
  }

  #send<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options: CommandOptions,
    key?: { readonly key: string; readonly requestHash: string },
  ): Promise<CommandResult> {
    const boundary = decider.boundary(command);
    const mailbox = this.#mailbox(decider, boundary);
    const given = options.metadata ?? {};
    const metadata: EventMetadata = {
      ...given,
      correlationId: given.correlationId ?? newEventId(),
      actor: given.actor ?? 'anonymous',
      ...(key === undefined ? {} : { commandKey: key.key }),
    };
    return new Promise((resolve, reject) => {
      mailbox.send({ command, boundary, metadata, key, answer: options.answer ?? noAnswer, resolve, reject });
    });
  }

  #mailbox<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    boundary: Boundary,
  ): Mailbox<State, Command, Event> {
    const reads = boundary.reads ?? [{ stream: boundary.stream }];
    const { candidates = [], competesFor } = boundary;
    const name = `${decider.name}:${JSON.stringify(candidates.length === 0 ? reads : { reads, candidates })}`;
    const known = this.#mailboxes.get(name);
    // Mailboxes are told apart by the decider's name, and a name stands for one decider: its types are these.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    if (known !== undefined) return known as Mailbox<State, Command, Event>;
    const reader = new BoundaryReader<State, Event>(decider, { reads, candidates }, this.#log, this.#registry, name);
    const contention = competesFor === undefined ? new Contention() : this.#contention(decider.name, competesFor);
    const mailbox = new Mailbox<State, Command, Event>(decider, reader, this.#log, this.#registry, contention, () => {
      // Many are for something new each, and used once: kept, they would only make work for the garbage collector.
      if (this.#mailboxes.peek(name) === mailbox) this.#mailboxes.delete(name);
    });
    this.#mailboxes.set(name, mailbox);
    return mailbox;
  }

  #contention(decider: string, competesFor: string): Contention {
    const name = `${decider}:${competesFor}`;
    const known = this.#contentions.get(name);
    if (known !== undefined) return known;
    const contention = new Contention();
    this.#contentions.set(name, contention);
    return contention;
  }
}

function traced(options: CommandOptions, trace: CommandTrace): CommandOptions {
  return { ...options, metadata: { ...options.metadata, ...trace.metadata } };
}

const noAnswer = (): JsonObject => ({});
