import { newEventId } from '../events/event-id.ts';
import type { EventRegistry } from '../events/codec.ts';
import type { EventMetadata, JsonObject, NewEvent, RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { DomainError, MillraceError, type DomainErrorKind, type FieldProblem } from '../errors.ts';
import type { AppendRequest, CommandKey, EventLog, EventToAppend, StoredKey } from '../store/store.ts';
import type { BoundaryReader, BoundaryState } from './boundary-state.ts';
import type { Boundary, DecidedEvent, Decider } from './decider.ts';

/** What a command came to. */
export interface CommandResult {
  /** Position of the command's last event; of the log's head at that time when it had none. */
  readonly position: number;
  readonly events: readonly RecordedEvent[];
  /** What `answer` made of the events; the same again when the key was used before. */
  readonly answer: JsonObject;
  /** The key was used before: nothing was done now. */
  readonly replayed: boolean;
}

/** One command on its way through a mailbox. */
export interface WaitingCommand<Command> {
  readonly command: Command;
  readonly boundary: Boundary;
  readonly metadata: EventMetadata;
  readonly key: { readonly key: string; readonly requestHash: string } | undefined;
  readonly answer: (events: readonly NewEvent[]) => JsonObject;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A command with what was decided for it. */
interface Decided<Command> {
  readonly waiting: WaitingCommand<Command>;
  readonly firstEvent: number;
  readonly eventCount: number;
  readonly answer: JsonObject;
  readonly refusal: unknown;
}

/** Commands decided one after the other on the same state; they travel, and are stored, as one. */
interface Chain<State, Command> {
  readonly members: readonly Decided<Command>[];
  readonly request: AppendRequest | undefined;
  readonly base: BoundaryState<State>;
}

const longestChain = 256;

/**
 * The mailbox of one boundary: its commands queue here, are decided in order on the state in memory, and travel in one
 * append. A conflict (another process wrote) brings back what is new and decides again; from the second lost race on,
 * the append decides again under the log's lock, so nobody starves.
 */
export class Mailbox<State, Command, Event extends DecidedEvent> {
  readonly #decider: Decider<State, Command, Event>;
  readonly #reader: BoundaryReader<State, Event>;
  readonly #log: EventLog;
  readonly #registry: EventRegistry;
  readonly #waiting: WaitingCommand<Command>[] = [];
  #state: BoundaryState<State> | undefined;
  #running = false;

  constructor(
    decider: Decider<State, Command, Event>,
    reader: BoundaryReader<State, Event>,
    log: EventLog,
    registry: EventRegistry,
  ) {
    this.#decider = decider;
    this.#reader = reader;
    this.#log = log;
    this.#registry = registry;
  }

  get idle(): boolean {
    return !this.#running;
  }

  send(waiting: WaitingCommand<Command>): void {
    this.#waiting.push(waiting);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Drops what is held in memory; the next command reads again. */
  forget(): void {
    this.#state = undefined;
  }

  /** The state as of now, read from the log. */
  async current(): Promise<BoundaryState<State>> {
    const state = this.#state === undefined ? await this.#reader.load() : await this.#reader.refresh(this.#state);
    if (!this.#running) this.#state = state;
    return state;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const commands = this.#waiting.splice(0, longestChain);
      try {
        await this.#execute(commands);
      } catch (error) {
        // Whoever was answered already does not hear this.
        for (const waiting of commands) waiting.reject(error);
        this.#state = undefined;
      }
    }
    this.#running = false;
  }

  async #execute(commands: readonly WaitingCommand<Command>[]): Promise<void> {
    let left = commands;
    let fresh = false;
    let lost = 0;
    while (left.length > 0) {
      if (this.#state === undefined) {
        const assumeNew = lost === 0 && left.every((waiting) => waiting.boundary.likelyNew === true);
        this.#state = assumeNew ? this.#reader.initial() : await this.#reader.load();
        fresh = !assumeNew;
      }
      const chain = this.#decide(this.#state, left);
      if (chain.request === undefined) {
        // Nothing but refusals. They stand only if nobody wrote meanwhile.
        if (fresh) return this.#answer(chain, [], this.#state.position);
        this.#state = await this.#reader.refresh(this.#state);
        fresh = true;
        continue;
      }
      const sent = { chain, underLock: false };
      const request = lost < 2 ? chain.request : { ...chain.request, revise: this.#reviser(sent, left) };
      const outcome = await this.#log.append(request);
      switch (outcome.outcome) {
        case 'stored': {
          const committed = this.#reader.fold(sent.chain.base, outcome.events);
          this.#state = committed;
          this.#answer(sent.chain, outcome.events, outcome.firstPosition);
          void this.#snapshot(committed);
          return;
        }
        case 'key-exists':
          left = this.#replay(left, outcome.stored);
          break;
        case 'conflict':
          if (sent.underLock && sent.chain.request === undefined) {
            this.#state = sent.chain.base;
            return this.#answer(sent.chain, [], sent.chain.base.position);
          }
          lost++;
          if (lost > 5) throw new MillraceError('CONDITION_FAILED', 'A guard of the command does not hold any more.');
          this.#state = await this.#reader.refresh(this.#state);
          fresh = true;
          break;
      }
    }
  }

  /** Decides again on what is there while nobody else can write. */
  #reviser(
    sent: { chain: Chain<State, Command>; underLock: boolean },
    left: readonly WaitingCommand<Command>[],
  ): NonNullable<AppendRequest['revise']> {
    return async (read) => {
      const state = await this.#reader.refreshUnderLock(sent.chain.base, read);
      sent.chain = this.#decide(state, left);
      sent.underLock = true;
      return sent.chain.request === undefined
        ? undefined
        : { ...sent.chain.request, revise: this.#reviser(sent, left) };
    };
  }

  #decide(base: BoundaryState<State>, commands: readonly WaitingCommand<Command>[]): Chain<State, Command> {
    let value = base.value;
    const events: EventToAppend[] = [];
    const keys: CommandKey[] = [];
    const newStreams: string[] = [];
    const members = commands.map((waiting): Decided<Command> => {
      const now = wallClock();
      const firstEvent = events.length;
      try {
        const decided: readonly NewEvent[] = this.#decider.decide(value, waiting.command, { now });
        const encoded = decided.map((event) => this.#encode(event, waiting, now));
        const answer = waiting.answer(decided);
        for (const event of decided) value = this.#decider.evolve(value, asOwn<Event>(event));
        events.push(...encoded);
        if (waiting.boundary.newStream === true && decided.length > 0) newStreams.push(waiting.boundary.stream);
        if (waiting.key !== undefined) keys.push(keyRow(waiting.key, { answer }, firstEvent, decided.length));
        return { waiting, firstEvent, eventCount: decided.length, answer, refusal: undefined };
      } catch (error) {
        if (error instanceof DomainError && waiting.key !== undefined) {
          keys.push(keyRow(waiting.key, { refusal: describe(error) }, firstEvent, 0));
        }
        return { waiting, firstEvent, eventCount: 0, answer: {}, refusal: error };
      }
    });
    if (events.length === 0 && keys.length === 0) return { members, request: undefined, base };
    const expect = [...base.versions].map(([stream, version]) => ({ stream, version }));
    for (const stream of newStreams) if (!base.versions.has(stream)) expect.push({ stream, version: 0 });
    const guards = commands.flatMap((waiting) => waiting.boundary.guards ?? []);
    const conditions = [...this.#reader.conditions(base), ...guards];
    return { members, request: { events, expect, conditions, keys }, base };
  }

  #encode(event: NewEvent, waiting: WaitingCommand<Command>, now: number): EventToAppend {
    const encoded = this.#registry.encode(event);
    return {
      id: newEventId(),
      stream: event.stream ?? waiting.boundary.stream,
      type: encoded.type,
      schemaVersion: encoded.schemaVersion,
      tags: encoded.tags,
      payload: encoded.payload,
      metadata: JSON.stringify(waiting.metadata),
      occurredAt: now,
    };
  }

  #answer(chain: Chain<State, Command>, events: readonly RecordedEvent[], head: number): void {
    for (const { waiting, firstEvent, eventCount, answer, refusal } of chain.members) {
      if (refusal !== undefined) {
        waiting.reject(refusal);
        continue;
      }
      const own = events.slice(firstEvent, firstEvent + eventCount);
      const position = own.at(-1)?.position ?? events[firstEvent - 1]?.position ?? head;
      waiting.resolve({ position, events: own, answer, replayed: false });
    }
  }

  /** Answers the commands whose keys were used before; returns the others. */
  #replay(left: readonly WaitingCommand<Command>[], stored: readonly StoredKey[]): readonly WaitingCommand<Command>[] {
    const byKey = new Map(stored.map((key) => [key.key, key]));
    return left.filter((waiting) => {
      const key = waiting.key === undefined ? undefined : byKey.get(waiting.key.key);
      if (key === undefined || waiting.key === undefined) return true;
      if (key.requestHash === waiting.key.requestHash) replayAnswer(waiting, key);
      else waiting.reject(new MillraceError('KEY_REUSED', 'The idempotency key was used before with another request.'));
      return false;
    });
  }

  async #snapshot(state: BoundaryState<State>): Promise<void> {
    try {
      const saved = await this.#reader.saveSnapshot(state);
      if (this.#state === state) this.#state = saved;
    } catch {
      // A snapshot that could not be written is tried again after the next command.
    }
  }
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly kind: DomainErrorKind;
  readonly fields: readonly FieldProblem[];
}

type KeptAnswer = { readonly answer: JsonObject } | { readonly refusal: Refusal };

function describe(error: DomainError): Refusal {
  return { code: error.code, message: error.message, kind: error.kind, fields: error.fields };
}

function keyRow(key: { key: string; requestHash: string }, kept: KeptAnswer, firstEvent: number, eventCount: number): CommandKey {
  return { ...key, answer: JSON.stringify(kept), firstEvent, eventCount };
}

function replayAnswer<Command>(waiting: WaitingCommand<Command>, key: StoredKey): void {
  // Written by keyRow above, in this shape.
  const kept = JSON.parse(key.answer) as KeptAnswer;
  if ('refusal' in kept) {
    const { code, message, kind, fields } = kept.refusal;
    waiting.reject(new DomainError(code, message, { kind, fields }));
    return;
  }
  const position = key.eventCount === 0 ? key.position : key.position + key.eventCount - 1;
  waiting.resolve({ position, events: [], answer: kept.answer, replayed: true });
}

/** What a decider made is of the types it evolves; a definition's call has checked the data. */
function asOwn<Event extends DecidedEvent>(event: DecidedEvent): Event {
  return event as Event;
}
