import type { RecordedEvent } from '../../src/events/envelope.ts';
import type {
  AppendCondition,
  AppendOutcome,
  AppendRequest,
  EventLog,
  EventQuery,
  LogHead,
  ReadOptions,
  Snapshot,
  StoredKey,
} from '../../src/store/store.ts';

/** A log in memory with the checks of a real one, for tests that want no database. */
export class MemoryLog implements EventLog {
  readonly name: string;
  readonly #events: RecordedEvent[] = [];
  readonly #keys = new Map<string, StoredKey>();
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #listeners = new Set<(events: readonly RecordedEvent[]) => void>();
  /** Set to make every append fail with it. */
  failure: Error | undefined;

  constructor(name = 'memory') {
    this.name = name;
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.failure !== undefined) throw this.failure;
    const stored = (request.keys ?? []).flatMap(({ key }) => this.#keys.get(key) ?? []);
    if (stored.length > 0) return { outcome: 'key-exists', stored };
    for (const { stream, version } of request.expect ?? []) {
      if (this.#version(stream) !== version) return { outcome: 'conflict', reason: 'version' };
    }
    if ((request.conditions ?? []).some((condition) => this.#excluded(condition))) {
      return { outcome: 'conflict', reason: 'condition' };
    }
    const before = this.#events.length;
    for (const event of request.events) {
      this.#events.push({ ...event, position: this.#events.length + 1, version: this.#version(event.stream) + 1 });
    }
    for (const { firstEvent, ...key } of request.keys ?? []) {
      const position = key.eventCount === 0 ? before : before + firstEvent + 1;
      this.#keys.set(key.key, { ...key, position });
    }
    const events = this.#events.slice(before);
    for (const listener of this.#listeners) listener(events);
    return { outcome: 'stored', firstPosition: events[0]?.position ?? before, events };
  }

  async query(queries: readonly EventQuery[], options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const found = this.#events.filter((event) => queries.some((query) => fits(event, query, options.after ?? 0)));
    return found.filter(({ position }) => position <= (options.upTo ?? Infinity)).slice(0, options.limit ?? 1_000);
  }

  async read(options: ReadOptions = {}): Promise<readonly RecordedEvent[]> {
    const after = options.after ?? 0;
    const upTo = Math.min(options.upTo ?? Infinity, after + (options.limit ?? 1_000));
    return this.#events.slice(after, upTo);
  }

  async event(id: string): Promise<RecordedEvent | undefined> {
    return this.#events.find((event) => event.id === id);
  }

  async head(): Promise<LogHead> {
    return { position: this.#events.length, eventId: this.#events.at(-1)?.id, incarnation: 'memory' };
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.#snapshots.set(snapshot.name, snapshot);
  }

  async loadSnapshot(name: string): Promise<Snapshot | undefined> {
    return this.#snapshots.get(name);
  }

  onAppended(listener: (events: readonly RecordedEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** It never does. */
  onIncarnationChanged(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  #version(stream: string): number {
    return this.#events.findLast((event) => event.stream === stream)?.version ?? 0;
  }

  #excluded({ after, ...query }: AppendCondition): boolean {
    return this.#events.some((event) => fits(event, query, after));
  }
}

function fits(event: RecordedEvent, query: EventQuery, after: number): boolean {
  if ('stream' in query) {
    if (event.stream !== query.stream) return false;
    return query.afterVersion === undefined ? event.position > after : event.version > query.afterVersion;
  }
  if (event.position <= after) return false;
  if (query.types !== undefined && !query.types.includes(event.type)) return false;
  return query.tags.every((tag) => event.tags.includes(tag));
}
