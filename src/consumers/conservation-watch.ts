import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { RecordedEvent, StoredEvent } from '../events/envelope.ts';
import { liveBuild, type Build, type Queryable } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { missingEffects, tablesOfStreams } from '../projections/missing-effects.ts';
import type { ConservationReport } from '../process-activity.ts';
import type { EventLog } from '../store/store.ts';

export interface ConservationWatchOptions {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  /** Of the read-model database. */
  readonly pool: pg.Pool;
  /** True while this process is the one that consumes. */
  readonly active: () => boolean;
  readonly onError?: (error: unknown) => void;
  /** Milliseconds between two looks. Default: 1,000 or more, so that comparing takes a twentieth of the time at most. Infinity: never. */
  readonly interval?: number;
  /** Events of the log that a look goes on by. Default 500. */
  readonly pageSize?: number;
}

/** Streams that are compared in one question. */
const streamsAtOnce = 100;
/** Streams with a gap that are compared once more in each look. */
const mostSuspects = 200;
/** Of the newest events, those that are compared although the round has not come to them. */
const newest = 100;
const shortestPause = 1_000;
/** Each look is followed by a pause that is so many times as long. */
const pauseFactor = 20;
/** But by none longer than this, in milliseconds: a loss is to be seen soon on a busy machine, too. */
const longestPause = 5_000;
/** A stream of more events than this is left out: folding it anew would take too long. */
const longestStream = 10_000;

/**
 * Compares log and read model all the time (I3): goes through the log, round after round, folds every stream anew and
 * looks whether its row in the live build is what the fold says. The newest events are compared at once. Both are read
 * at one position, so a difference is one. What is parked or was given up is left out; it is counted elsewhere.
 *
 * Rows that stand for several streams (a queue's settings, say) and totals are compared by a rebuild alone.
 */
export class ConservationWatch {
  readonly #options: ConservationWatchOptions;
  readonly #canCompare: boolean;
  /** Stream → events without effect. */
  readonly #gaps = new Map<string, number>();
  #generation = 0;
  #beyondHead = 0;
  #cursor = 0;
  #roundEnd = 0;
  #newestSeen = 0;
  #compared = 0;
  #rounds = 0;
  #looked = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ConservationWatchOptions) {
    this.#options = options;
    this.#canCompare = tablesOfStreams(options.definition).length > 0;
  }

  /** Undefined where another process consumes, before the first look, and for a projection that cannot be compared. */
  get report(): ConservationReport | undefined {
    if (!this.#looked || !this.#options.active()) return undefined;
    const gap = [...this.#gaps.values()].reduce((sum, lost) => sum + lost, this.#beyondHead);
    const projection = this.#options.definition.id;
    return { projection, gap, compared: this.#compared, rounds: this.#rounds };
  }

  start(): void {
    if (this.#canCompare) this.#lookAfter(this.#pauseAfter(0));
  }

  /** Lets the look that is under way end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #pauseAfter(took: number): number {
    return this.#options.interval ?? Math.max(shortestPause, Math.min(longestPause, pauseFactor * took));
  }

  #lookAfter(milliseconds: number): void {
    if (this.#stopped || milliseconds === Infinity) return;
    this.#timer = setTimeout(() => {
      const begun = performance.now();
      this.#looking = this.#look()
        .catch((error: unknown) => this.#options.onError?.(error))
        .finally(() => this.#lookAfter(this.#pauseAfter(performance.now() - begun)));
    }, milliseconds);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (!this.#options.active()) {
      this.#forget();
      return;
    }
    const client = await this.#options.pool.connect();
    try {
      await client.query('begin isolation level repeatable read read only');
      await this.#compareAt(client);
      await client.query('commit');
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #forget(): void {
    this.#gaps.clear();
    this.#cursor = 0;
    this.#roundEnd = 0;
    this.#newestSeen = 0;
    this.#beyondHead = 0;
    this.#looked = false;
  }

  /** The snapshot holds the read model where its checkpoint stands; the log below that does not change. */
  async #compareAt(client: Queryable): Promise<void> {
    const { definition, log } = this.#options;
    const build = await liveBuild(client, definition.id);
    if (build === undefined) return;
    if (build.generation !== this.#generation) {
      this.#forget();
      this.#generation = build.generation;
    }
    const head = await log.head();
    // Another log than the one that was consumed: the consumer refuses it, and says so.
    if (build.incarnation !== undefined && build.incarnation !== head.incarnation) return;
    this.#beyondHead = Math.max(0, build.position - head.position);
    const leftOut = await keysLeftOut(client, build);
    const streams = new Set([...this.#gaps.keys()].slice(0, mostSuspects));
    for (const stream of await this.#newestStreams(build)) streams.add(stream);
    for (const stream of await this.#nextStreams(build)) streams.add(stream);
    const all = [...streams];
    for (let from = 0; from < all.length; from += streamsAtOnce) {
      await this.#compare(client, build, all.slice(from, from + streamsAtOnce), leftOut);
    }
    this.#looked = true;
  }

  async #newestStreams({ position }: Build): Promise<string[]> {
    const after = Math.max(this.#newestSeen, position - newest);
    if (position <= after) return [];
    const events = await this.#options.log.read({ after, upTo: position, limit: newest });
    this.#newestSeen = position;
    return events.map(({ stream }) => stream);
  }

  /** The next part of the round: streams are compared where they begin. */
  async #nextStreams({ position }: Build): Promise<string[]> {
    const { log, pageSize = 500 } = this.#options;
    if (this.#cursor >= this.#roundEnd) {
      if (this.#roundEnd > 0) this.#rounds++;
      this.#cursor = 0;
      // Not the head of the moment: behind that a round would run for ever while events come.
      this.#roundEnd = position;
    }
    const events = await log.read({ after: this.#cursor, upTo: this.#roundEnd, limit: pageSize });
    this.#cursor = events.at(-1)?.position ?? this.#roundEnd;
    return events.filter(({ version }) => version === 1).map(({ stream }) => stream);
  }

  async #compare(
    client: Queryable,
    build: Build,
    names: readonly string[],
    leftOut: ReadonlySet<string>,
  ): Promise<void> {
    const streams = new Map<string, readonly StoredEvent[]>();
    for (const [stream, records] of await this.#eventsOf(names, build.position)) {
      const events = this.#decoded(records);
      if (events !== undefined && !events.some((event) => this.#isLeftOut(event, leftOut))) streams.set(stream, events);
      this.#compared += events?.length ?? 0;
    }
    const missing = await missingEffects(client, this.#options.definition, build, streams);
    for (const name of names) {
      const lost = missing.get(name) ?? 0;
      if (lost > 0) this.#gaps.set(name, lost);
      else this.#gaps.delete(name);
    }
  }

  async #eventsOf(names: readonly string[], upTo: number): Promise<ReadonlyMap<string, RecordedEvent[]>> {
    const queries = names.map((stream) => ({ stream }));
    const events = await this.#options.log.query(queries, { upTo, limit: longestStream });
    const streams = new Map<string, RecordedEvent[]>();
    for (const event of events) {
      const known = streams.get(event.stream);
      if (known === undefined) streams.set(event.stream, [event]);
      else known.push(event);
    }
    // Cut off somewhere: only what is complete can be folded.
    if (events.length < longestStream) return streams;
    if (names.length === 1) return new Map();
    const halves = [names.slice(0, names.length / 2), names.slice(names.length / 2)];
    const found = await Promise.all(halves.map((half) => this.#eventsOf(half, upTo)));
    return new Map(found.flatMap((half) => [...half]));
  }

  /** Undefined when an event cannot be read: then it is parked. */
  #decoded(records: readonly RecordedEvent[]): StoredEvent[] | undefined {
    try {
      return records.map((record) => this.#options.registry.decode(record));
    } catch {
      return undefined;
    }
  }

  #isLeftOut(event: StoredEvent, leftOut: ReadonlySet<string>): boolean {
    if (leftOut.size === 0) return false;
    try {
      return leftOut.has(event.stream) || leftOut.has(this.#options.definition.orderingKey(event));
    } catch {
      return true;
    }
  }
}

/** Ordering keys with events that are parked in this build, or were given up in any. */
async function keysLeftOut(client: Queryable, { projection, generation }: Build): Promise<ReadonlySet<string>> {
  const found = await client.query<{ ordering_key: string }>(
    `select distinct ordering_key from dead_letters
     where projection_id = $1 and (status = 'discarded' or (generation = $2 and status in ('failed', 'waiting')))`,
    [projection, generation],
  );
  return new Set(found.rows.map((row) => row.ordering_key));
}
