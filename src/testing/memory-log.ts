import { MillraceError } from '../errors.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { checkQueries, checkRange, checkRequest } from '../store/request-check.ts';
import type {
  AppendOutcome,
  AppendRequest,
  CommandKey,
  EventLog,
  EventQuery,
  LogHead,
  ReadOptions,
  Snapshot,
  StoredKey,
} from '../store/store.ts';

/**
 * A log in memory, for tests of what stands on a log: the same rules for versions, conditions, keys and event ids, and
 * nothing durable. Appends happen one after the other.
 */
export class MemoryLog implements EventLog {
  readonly name: string;
  readonly #events: RecordedEvent[] = [];
  readonly #versions = new Map<string, number>();
  readonly #keys = new Map<string, StoredKey>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #listeners = new Set<(events: readonly RecordedEvent[]) => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(name = 'memory') {
    this.name = name;
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    checkRequest(request);
    checkJson(request);
    const done = this.#last.then(() => this.#append(request));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async query(queries: readonly EventQuery[], options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    checkQueries(queries);
    return this.#page(options, (event) => queries.some((query) => matches(event, query, options.after ?? 0)));
  }

  async read(options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    return this.#page(options, (event) => event.position > (options.after ?? 0));
  }

  event(id: string): Promise<RecordedEvent | undefined> {
    return Promise.resolve(this.#events.find((event) => event.id === id));
  }

  head(): Promise<LogHead> {
    return Promise.resolve({
      position: this.#events.length,
      eventId: this.#events.at(-1)?.id,
      incarnation: '00000000-0000-4000-8000-000000000000',
    });
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    const known = this.#snapshots.get(snapshot.name);
    const older = known?.stateVersion === snapshot.stateVersion && known.position >= snapshot.position;
    if (!older) this.#snapshots.set(snapshot.name, snapshot);
    return Promise.resolve();
  }

  loadSnapshot(name: string): Promise<Snapshot | undefined> {
    return Promise.resolve(this.#snapshots.get(name));
  }

  onAppended(listener: (events: readonly RecordedEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A log in memory is never restored. */
  onIncarnationChanged(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    await this.#last;
  }

  async #append(request: AppendRequest): Promise<AppendOutcome> {
    const known = (request.keys ?? []).flatMap(({ key }) => this.#keys.get(key) ?? []);
    if (known.length > 0) return { outcome: 'key-exists', stored: known };
    const before = this.#alreadyStored(request);
    if (before !== undefined) return before;
    const reason = this.#conflict(request);
    if (reason === undefined) return this.#store(request);
    const revised = await request.revise?.((queries, after) =>
      this.query(queries, { after, limit: Number.MAX_SAFE_INTEGER }),
    );
    if (revised === undefined) return { outcome: 'conflict', reason };
    // Decided once more, as the log of a running system does: a guard that does not hold would not hold next time.
    const { revise: _, ...lastTry } = revised;
    return this.#append(lastTry);
  }

  /** The same event ids again are the same request again. */
  #alreadyStored({ events }: AppendRequest): AppendOutcome | undefined {
    const streams = new Map(events.map((event) => [event.id, event.stream]));
    const stored = this.#events.filter((event) => streams.has(event.id));
    const [first] = stored;
    if (first === undefined) return undefined;
    if (stored.length < events.length || stored.some((event) => streams.get(event.id) !== event.stream)) {
      throw new MillraceError('APPEND_INVALID', 'Another event has one of these ids.');
    }
    return { outcome: 'stored', firstPosition: first.position, events: stored };
  }

  #conflict({ expect = [], conditions = [] }: AppendRequest): 'version' | 'condition' | undefined {
    if (conditions.some(({ after }) => after > this.#events.length)) {
      throw new MillraceError('APPEND_INVALID', 'A condition lies beyond the head of the log.');
    }
    if (expect.some(({ stream, version }) => (this.#versions.get(stream) ?? 0) !== version)) return 'version';
    const excluded = conditions.some((condition) =>
      this.#events.some((event) => matches(event, condition, condition.after)),
    );
    return excluded ? 'condition' : undefined;
  }

  #store({ events, keys = [] }: AppendRequest): AppendOutcome {
    const head = this.#events.length;
    const stored = events.map((event, index): RecordedEvent => {
      const version = (this.#versions.get(event.stream) ?? 0) + 1;
      this.#versions.set(event.stream, version);
      return { ...event, position: head + index + 1, version };
    });
    this.#events.push(...stored);
    for (const key of keys) this.#keys.set(key.key, storedKey(key, head));
    if (stored.length > 0) this.#tell(stored);
    return { outcome: 'stored', firstPosition: stored.length === 0 ? head : head + 1, events: stored };
  }

  #tell(stored: readonly RecordedEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(stored);
      } catch {
        // What a listener does with the news does not make the append undone.
      }
    }
  }

  #page(options: ReadOptions, wanted: (event: RecordedEvent) => boolean): readonly RecordedEvent[] {
    checkRange(options);
    const upTo = options.upTo ?? this.#events.length;
    return this.#events.filter((event) => event.position <= upTo && wanted(event)).slice(0, options.limit ?? 1000);
  }
}

/** A database refuses what is no JSON by the types of its columns. */
function checkJson({ events, keys = [] }: AppendRequest): void {
  for (const text of [
    ...events.flatMap(({ payload, metadata }) => [payload, metadata]),
    ...keys.map((key) => key.answer),
  ]) {
    try {
      JSON.parse(text);
    } catch (error) {
      throw new MillraceError('APPEND_INVALID', 'A payload, metadata or an answer is no JSON.', { cause: error });
    }
  }
}

function storedKey({ key, requestHash, answer, firstEvent, eventCount }: CommandKey, head: number): StoredKey {
  return { key, requestHash, answer, eventCount, position: eventCount === 0 ? head : head + firstEvent + 1 };
}

function matches(event: RecordedEvent, query: EventQuery, after: number): boolean {
  if ('stream' in query) {
    if (event.stream !== query.stream) return false;
    return query.afterVersion === undefined ? event.position > after : event.version > query.afterVersion;
  }
  return (
    event.position > after &&
    query.tags.every((tag) => event.tags.includes(tag)) &&
    (query.types === undefined || query.types.includes(event.type))
  );
}
