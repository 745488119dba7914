import type { EventRegistry } from '../events/codec.ts';
import type { Json, RecordedEvent } from '../events/envelope.ts';
import type { AppendCondition, EventLog, EventQuery, ExpectedVersion, ReadUnderLock } from '../store/store.ts';
import type { DecidedEvent, Decider } from './decider.ts';

/**
 * The folded state of one boundary, with how far it has read. Immutable: what a decision adds before it is stored lives
 * in a copy.
 */
export interface BoundaryState<State> {
  readonly value: State;
  /** The last position that is folded in; 0 for nothing. */
  readonly position: number;
  /** The last version of every stream among the reads. */
  readonly versions: ReadonlyMap<string, number>;
  /** Events folded in since it was loaded. */
  readonly folded: number;
}

/** What a boundary reads; see {@link Boundary}. */
export interface BoundaryReads {
  readonly reads: readonly EventQuery[];
  readonly candidates: readonly string[];
}

const pageSize = 1000;

/** Folds, loads and refreshes the state of one boundary. */
export class BoundaryReader<State, Event extends DecidedEvent> {
  readonly #decider: Pick<Decider<State, never, Event>, 'name' | 'initial' | 'evolve' | 'snapshot'>;
  readonly #log: EventLog;
  readonly #registry: EventRegistry;
  /** What the state is folded from: what nobody else may add to, and the candidates. */
  readonly #reads: readonly EventQuery[];
  readonly #candidates: ReadonlySet<string>;
  readonly #snapshotName: string;
  /** How many events were folded in, counted as in the state, when the newest snapshot was taken or loaded. */
  #foldedAtSnapshot = 0;

  constructor(
    decider: Pick<Decider<State, never, Event>, 'name' | 'initial' | 'evolve' | 'snapshot'>,
    { reads, candidates }: BoundaryReads,
    log: EventLog,
    registry: EventRegistry,
    name: string,
  ) {
    this.#decider = decider;
    const held = new Set(reads.flatMap((read) => ('stream' in read ? [read.stream] : [])));
    this.#candidates = new Set(candidates.filter((stream) => !held.has(stream)));
    this.#reads = [...reads, ...[...this.#candidates].map((stream) => ({ stream }))];
    this.#log = log;
    this.#registry = registry;
    this.#snapshotName = name;
  }

  /** Others may add to what is read while a command is on its way: its state is of no use afterwards. */
  get passes(): boolean {
    return this.#candidates.size > 0;
  }

  /** The state before any event. */
  initial(): BoundaryState<State> {
    const versions = new Map<string, number>();
    for (const read of this.#reads) if ('stream' in read) versions.set(read.stream, 0);
    return { value: this.#decider.initial, position: 0, versions, folded: 0 };
  }

  /** From the newest snapshot, if there is one, and the events after it. */
  async load(): Promise<BoundaryState<State>> {
    this.#foldedAtSnapshot = 0;
    return this.refresh((await this.#fromSnapshot()) ?? this.initial());
  }

  /** Folds in what was stored since. Returns the same object when nothing was. */
  async refresh(state: BoundaryState<State>): Promise<BoundaryState<State>> {
    let current = state;
    for (;;) {
      const events = await this.#log.query(this.#after(current), { after: current.position, limit: pageSize });
      if (events.length > 0) current = this.fold(current, events);
      if (events.length < pageSize) return current;
    }
  }

  /** The same while the log's lock is held. */
  async refreshUnderLock(state: BoundaryState<State>, read: ReadUnderLock): Promise<BoundaryState<State>> {
    const events = await read(this.#after(state), state.position);
    return this.fold(
      state,
      [...events].sort((a, b) => a.position - b.position),
    );
  }

  /**
   * True for an event that a read of this boundary would bring back. Others that a decision makes are not folded in, so
   * that the state in memory is the one that the log gives.
   */
  concerns(event: Pick<RecordedEvent, 'stream' | 'type' | 'tags'>): boolean {
    return this.#reads.some((read) =>
      'stream' in read
        ? read.stream === event.stream
        : read.tags.every((tag) => event.tags.includes(tag)) && (read.types?.includes(event.type) ?? true),
    );
  }

  /** Adds recorded events, in order; those that are folded in already are passed over. */
  fold(state: BoundaryState<State>, events: readonly RecordedEvent[]): BoundaryState<State> {
    let { value, position } = state;
    const versions = new Map(state.versions);
    let folded = 0;
    for (const event of events) {
      if (event.position <= position) continue;
      if (this.concerns(event)) value = this.#decider.evolve(value, this.#asDecided(this.#registry.decodeData(event)));
      position = event.position;
      if (versions.has(event.stream)) versions.set(event.stream, event.version);
      folded++;
    }
    return folded === 0 ? state : { value, position, versions, folded: state.folded + folded };
  }

  /** The versions that must hold when events that were decided on this state are appended. */
  expected(state: BoundaryState<State>, events: readonly { readonly stream: string }[]): ExpectedVersion[] {
    const all = [...state.versions].map(([stream, version]) => ({ stream, version }));
    if (this.#candidates.size === 0) return all;
    const written = new Set(events.map(({ stream }) => stream));
    return all.filter(({ stream }) => !this.#candidates.has(stream) || written.has(stream));
  }

  /** What must hold besides. */
  conditions(state: BoundaryState<State>): AppendCondition[] {
    return this.#reads.flatMap((read) => ('stream' in read ? [] : [{ ...read, after: state.position }]));
  }

  /** Writes a snapshot when the rule asks for one. Losing one costs time, never truth. */
  async saveSnapshot(state: BoundaryState<State>): Promise<void> {
    const rule = this.#decider.snapshot;
    const before = this.#foldedAtSnapshot;
    if (rule === undefined || state.folded - before < rule.every) return;
    // At once, so that the commands that are answered meanwhile do not ask for another one.
    this.#foldedAtSnapshot = state.folded;
    try {
      const text = JSON.stringify(rule.toJson(state.value));
      // The versions travel along, since the state alone does not tell them.
      const kept = JSON.stringify({ state: text, versions: [...state.versions] });
      const { position } = state;
      await this.#log.saveSnapshot({ name: this.#snapshotName, position, stateVersion: rule.version, state: kept });
    } catch {
      // Tried again after the next command.
      this.#foldedAtSnapshot = before;
    }
  }

  async #fromSnapshot(): Promise<BoundaryState<State> | undefined> {
    const rule = this.#decider.snapshot;
    if (rule === undefined) return undefined;
    const snapshot = await this.#log.loadSnapshot(this.#snapshotName);
    if (snapshot === undefined || snapshot.stateVersion !== rule.version) return undefined;
    const kept = parseKept(snapshot.state);
    return { value: rule.fromJson(kept.state), position: snapshot.position, versions: kept.versions, folded: 0 };
  }

  #after(state: BoundaryState<State>): EventQuery[] {
    return this.#reads.map((read) =>
      'stream' in read ? { stream: read.stream, afterVersion: state.versions.get(read.stream) ?? 0 } : read,
    );
  }

  #asDecided(event: DecidedEvent): Event {
    // The boundary's queries name the types that the decider knows; a stream holds its decider's events.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return event as Event;
  }
}

function parseKept(text: string): { state: Json; versions: Map<string, number> } {
  // Written by saveSnapshot above, in this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own text
  const kept = JSON.parse(text) as { state: string; versions: [string, number][] };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse makes JSON
  return { state: JSON.parse(kept.state) as Json, versions: new Map(kept.versions) };
}
