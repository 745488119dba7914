import { checkEvent } from '../store/request-check.ts';
import { newEventId } from '../events/event-id.ts';
import type { EventRegistry } from '../events/codec.ts';
import type { EventMetadata, JsonObject, NewEvent, RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { DomainError, MillraceError, type DomainErrorKind, type FieldProblem } from '../errors.ts';
import type {
  AppendCondition,
  AppendOutcome,
  AppendRequest,
  CommandKey,
  EventLog,
  EventToAppend,
  StoredKey,
} from '../store/store.ts';
import type { BoundaryReader, BoundaryState } from './boundary-state.ts';
import type { Contention } from './contention.ts';
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

/** A chain ends when it has so many commands, events, or characters of payload: it travels as one. */
const longestChain = 256;
const maximumEvents = 512;
const maximumSize = 1_000_000;

/** Lost races in a row before a command gives up, in a store that cannot decide again under its lock. */
const maximumLost = 100;

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
  /** Counts how often the memory was dropped: what was read before is not put back after. */
  #epoch = 0;
  #running = false;
  readonly #contention: Contention;
  /** All that came so far expected to find nothing: what is kept here will hardly be asked for again. */
  #passing = true;
  readonly #onDone: () => void;

  constructor(
    decider: Decider<State, Command, Event>,
    reader: BoundaryReader<State, Event>,
    log: EventLog,
    registry: EventRegistry,
    contention: Contention,
    onDone: () => void = () => undefined,
  ) {
    this.#contention = contention;
    this.#onDone = onDone;
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
    if (waiting.boundary.likelyNew !== true) this.#passing = false;
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Drops what is held in memory; the next command reads again. */
  forget(): void {
    this.#epoch++;
    this.#state = undefined;
  }

  /** The state as of now, read from the log. */
  async current(): Promise<BoundaryState<State>> {
    for (;;) {
      const epoch = this.#epoch;
      const state = await (this.#state === undefined ? this.#reader.load() : this.#reader.refresh(this.#state));
      if (epoch !== this.#epoch) continue;
      if (!this.#running) this.#state = state;
      return state;
    }
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#executeAll(this.#waiting.splice(0, longestChain));
    this.#running = false;
    if (this.#passing || this.#reader.passes) this.#onDone();
  }

  /** Executes commands. Never throws: every command is answered. */
  async #executeAll(commands: readonly WaitingCommand<Command>[]): Promise<void> {
    try {
      const impossible = await this.#execute(commands);
      // One of them cannot be stored, and the others are innocent.
      for (const waiting of impossible) await this.#executeAll([waiting]);
    } catch (error) {
      // Whoever was answered already does not hear this.
      for (const waiting of commands) waiting.reject(error);
      this.#state = undefined;
    }
  }

  /** Executes commands as chains; returns those that cannot be stored as one chain, to be tried one by one. */
  async #execute(commands: readonly WaitingCommand<Command>[]): Promise<readonly WaitingCommand<Command>[]> {
    let left = commands;
    let fresh = false;
    let lost = 0;
    while (left.length > 0) {
      const epoch = this.#epoch;
      if (this.#state === undefined) {
        const assumeNew: boolean = lost === 0 && !fresh && left.every((waiting) => waiting.boundary.likelyNew === true);
        const state = assumeNew ? this.#reader.initial() : await this.#reader.load();
        if (epoch !== this.#epoch) continue;
        this.#state = state;
        fresh = !assumeNew;
      }
      const base = this.#state;
      const chain = this.#decide(base, left);
      if (chain.request === undefined) {
        // Nothing but refusals. They stand only if nobody wrote meanwhile.
        if (fresh) {
          this.#answer(chain, [], base.position);
          left = left.slice(chain.members.length);
        } else {
          const state = await this.#reader.refresh(base);
          if (epoch === this.#epoch) this.#state = state;
          fresh = true;
        }
        continue;
      }
      const sent = { chain, underLock: false };
      const request =
        this.#contention.lockedRounds === 0
          ? chain.request
          : { ...chain.request, revise: this.#reviser(sent, left), stale: true };
      let outcome: AppendOutcome;
      try {
        outcome = await this.#log.append(request);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'APPEND_INVALID') throw error;
        // Perhaps what is in memory is of another log than this one.
        this.#state = undefined;
        if (!fresh) {
          fresh = true;
          continue;
        }
        if (left.length > 1) return left;
        throw error;
      }
      const { members } = sent.chain;
      switch (outcome.outcome) {
        case 'stored':
          this.#answer(sent.chain, outcome.events, outcome.firstPosition);
          this.#remember(sent.chain.base, outcome.events, epoch);
          left = left.slice(members.length);
          fresh = false;
          lost = 0;
          break;
        case 'key-exists':
          left = this.#replay(left, outcome.stored);
          break;
        case 'conflict':
          if (sent.underLock && sent.chain.request === undefined) {
            if (epoch === this.#epoch) this.#state = sent.chain.base;
            this.#answer(sent.chain, [], sent.chain.base.position);
            left = left.slice(members.length);
            break;
          }
          lost++;
          if (lost > 1) this.#contention.met();
          // What conflicts although it was decided under the lock never passes: a guard, or a stream that must be new.
          if (sent.underLock || lost > maximumLost) {
            if (left.length > 1) return left;
            throw impossible(outcome.reason);
          }
          if (this.#state !== undefined) {
            const state = await this.#reader.refresh(this.#state);
            if (epoch === this.#epoch) this.#state = state;
          }
          fresh = true;
          break;
      }
    }
    return left;
  }

  #remember(base: BoundaryState<State>, events: readonly RecordedEvent[], epoch: number): void {
    if (epoch !== this.#epoch) return;
    if (this.#reader.passes) {
      this.#state = undefined;
      return;
    }
    try {
      this.#state = this.#reader.fold(base, events);
      void this.#reader.saveSnapshot(this.#state);
    } catch {
      // The events are stored and answered; the next command reads them, and tells what is wrong with them.
      this.#state = undefined;
    }
  }

  /** Decides again on what is there while nobody else can write. */
  #reviser(
    sent: { chain: Chain<State, Command>; underLock: boolean },
    left: readonly WaitingCommand<Command>[],
  ): NonNullable<AppendRequest['revise']> {
    return async (read) => {
      const state = await this.#reader.refreshUnderLock(sent.chain.base, read);
      if (state === sent.chain.base) this.#contention.calm();
      else this.#contention.met();
      sent.chain = this.#decide(state, left);
      sent.underLock = true;
      return sent.chain.request === undefined
        ? undefined
        : { ...sent.chain.request, revise: this.#reviser(sent, left) };
    };
  }

  /** Decides commands one after the other, as many as travel well together. */
  #decide(base: BoundaryState<State>, commands: readonly WaitingCommand<Command>[]): Chain<State, Command> {
    let value = base.value;
    let size = 0;
    const events: EventToAppend[] = [];
    const keys: CommandKey[] = [];
    const newStreams = new Set<string>();
    const members: Decided<Command>[] = [];
    for (const waiting of commands) {
      if (events.length >= maximumEvents || size >= maximumSize) break;
      // The log compares guards with what it holds, not with the chain that brings them: who may be excluded by an
      // event of this chain travels behind it.
      if (events.length > 0 && waiting.boundary.guards?.some((guard) => excludes(guard, events)) === true) break;
      const now = wallClock();
      const firstEvent = events.length;
      try {
        const decided: readonly NewEvent[] = this.#decider.decide(value, waiting.command, { now });
        const encoded = decided.map((event) => this.#encode(event, waiting, now));
        const { stream, newStream } = waiting.boundary;
        if (newStream === true && decided.length > 0) {
          const known = (base.versions.get(stream) ?? 0) > 0 || events.some((event) => event.stream === stream);
          if (known) throw impossible('version');
        }
        const answer = waiting.answer(decided);
        let next = value;
        decided.forEach((event, at) => {
          const own = encoded[at];
          if (own === undefined || !this.#reader.concerns(own)) return;
          // What a decider makes is of the types it evolves; a definition's call has checked the data.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
          next = this.#decider.evolve(next, event as DecidedEvent as Event);
        });
        value = next;
        for (const event of encoded) size += event.payload.length + event.metadata.length;
        events.push(...encoded);
        if (newStream === true && decided.length > 0) newStreams.add(stream);
        if (waiting.key !== undefined) keys.push(keyRow(waiting.key, { answer }, firstEvent, decided.length));
        members.push({ waiting, firstEvent, eventCount: decided.length, answer, refusal: undefined });
      } catch (error) {
        if (error instanceof DomainError && waiting.key !== undefined) {
          keys.push(keyRow(waiting.key, { refusal: describe(error) }, firstEvent, 0));
        }
        members.push({ waiting, firstEvent, eventCount: 0, answer: {}, refusal: error });
      }
    }
    if (events.length === 0 && keys.length === 0) return { members, request: undefined, base };
    const expect = this.#reader.expected(base, events);
    for (const stream of newStreams) if (!base.versions.has(stream)) expect.push({ stream, version: 0 });
    const guards = members.flatMap(({ waiting }) => waiting.boundary.guards ?? []);
    const conditions = [...this.#reader.conditions(base), ...guards];
    return { members, request: { events, expect, conditions, keys }, base };
  }

  #encode(event: NewEvent, waiting: WaitingCommand<Command>, now: number): EventToAppend {
    const encoded = this.#registry.encode(event);
    const own: EventToAppend = {
      id: newEventId(),
      stream: event.stream ?? waiting.boundary.stream,
      type: encoded.type,
      schemaVersion: encoded.schemaVersion,
      tags: encoded.tags,
      payload: encoded.payload,
      metadata: JSON.stringify(waiting.metadata),
      occurredAt: now,
    };
    // Here, and not in the log alone, so that one command's bad tag is not its neighbours' trouble.
    checkEvent(own);
    return own;
  }

  #answer(chain: Chain<State, Command>, events: readonly RecordedEvent[], head: number): void {
    // A command without an event is as of the moment before the others' events.
    const before = events.length === 0 ? head : head - 1;
    for (const { waiting, firstEvent, eventCount, answer, refusal } of chain.members) {
      if (refusal !== undefined) {
        waiting.reject(refusal);
        continue;
      }
      const own = events.slice(firstEvent, firstEvent + eventCount);
      const position = own.at(-1)?.position ?? events[firstEvent - 1]?.position ?? before;
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

function keyRow(
  key: { key: string; requestHash: string },
  kept: KeptAnswer,
  firstEvent: number,
  eventCount: number,
): CommandKey {
  return { ...key, answer: JSON.stringify(kept), firstEvent, eventCount };
}

function replayAnswer<Command>(waiting: WaitingCommand<Command>, key: StoredKey): void {
  // Written by keyRow above, in this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own text
  const kept = JSON.parse(key.answer) as KeptAnswer;
  if ('refusal' in kept) {
    const { code, message, kind, fields } = kept.refusal;
    waiting.reject(new DomainError(code, message, { kind, fields }));
    return;
  }
  const position = key.eventCount === 0 ? key.position : key.position + key.eventCount - 1;
  waiting.resolve({ position, events: [], answer: kept.answer, replayed: true });
}

/** True when one of the events is what the condition forbids; its position, being new, lies behind the condition's. */
function excludes({ tags, types }: AppendCondition, events: readonly EventToAppend[]): boolean {
  return events.some((event) => (types?.includes(event.type) ?? true) && tags.every((tag) => event.tags.includes(tag)));
}

function impossible(reason: 'version' | 'condition'): MillraceError {
  return reason === 'version'
    ? new MillraceError('VERSION_CONFLICT', 'A stream that must be new is there already.')
    : new MillraceError('CONDITION_FAILED', 'A guard of the command does not hold.');
}
