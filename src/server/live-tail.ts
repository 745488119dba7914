import { errorForLog } from '../telemetry/error-for-log.ts';
import type { FastifyBaseLogger } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { RunningSystem } from '../running-system.ts';
import { GapFilling } from './live-gap.ts';
import type { LiveFeedDefinition, ResetReason } from './live-feed.ts';
import { WrittenMessage } from './live-message.ts';
import { changedRow, mostRows, prepareViews, type ChangedRow, type PreparedView } from './live-query.ts';
import { LiveSubscriber, type LiveConnection } from './live-subscriber.ts';

/** The first change is read at once; under steady change, rounds begin no closer than this. */
const betweenRoundsMs = 40;
const retryMs = 1_000;

/**
 * The tail of one feed: reads the rows that changed, once for everybody, and hands them to the subscribers. It reads
 * only while somebody listens. A row carries the position of the event that wrote it last, and commits come in the
 * order of positions, so "rows behind the last position" misses nothing but rows that changed without a newer
 * position; those are announced by {@link LiveTail.replaced}.
 */
export class LiveTail {
  readonly definition: LiveFeedDefinition;
  readonly #system: RunningSystem;
  readonly #log: FastifyBaseLogger;
  readonly #views: readonly PreparedView[];
  readonly #gaps: GapFilling;
  readonly #subscribers = new Set<LiveSubscriber>();
  readonly #stopListening: () => void;
  /** For each view, the position up to which its rows were sent; empty while nobody listens. */
  readonly #sent = new Map<string, number>();
  #begun: Promise<void> | undefined;
  #running = false;
  #changed = false;
  #closed = false;
  #pause: { readonly timer: NodeJS.Timeout; readonly end: () => void } | undefined;

  constructor(definition: LiveFeedDefinition, system: RunningSystem, log: FastifyBaseLogger) {
    this.definition = definition;
    this.#system = system;
    this.#log = log;
    this.#views = prepareViews(definition);
    this.#gaps = new GapFilling(this.#views, system);
    this.#stopListening = system.readModels.onChanged(() => this.#wake());
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** Everything up to here was sent to everybody; 0 while nobody listens. */
  get position(): number {
    return this.#sent.size === 0 ? 0 : Math.min(...this.#sent.values());
  }

  /**
   * Adds a client. `after` is the position that it says it has seen; undefined for "from now on". Resolves when it is
   * up to date; rejects when the read model does not answer, or with STOPPING.
   */
  async subscribe(subscriber: LiveSubscriber, after: string | undefined): Promise<void> {
    if (this.#closed) throw new MillraceError('STOPPING', 'The process is shutting down.');
    // Before its gap is read: what commits behind that read waits for it already.
    this.#subscribers.add(subscriber);
    try {
      await this.#begin();
      await this.#gaps.fill(subscriber, after);
    } catch (error) {
      this.remove(subscriber);
      throw error;
    }
  }

  /**
   * A subscriber with the filters that a query string asks for.
   * @param maySee asked for each batch of rows, so that rights that end take effect in the middle
   */
  subscriber(
    connection: LiveConnection,
    query: { readonly [name: string]: unknown },
    maySee: (view: string) => boolean,
  ): LiveSubscriber {
    const filters = new Map<string, string>();
    for (const { name, filter } of this.definition.views) {
      const value = filter === undefined ? undefined : query[filter.parameter];
      if (typeof value === 'string') filters.set(name, value);
    }
    return new LiveSubscriber(connection, filters, maySee);
  }

  remove(subscriber: LiveSubscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    this.#sent.clear();
    this.#begun = undefined;
  }

  /** Tells everybody to load again: rows changed without a newer position. From `position` on when it went back. */
  replaced(position?: number): void {
    if (position !== undefined) for (const name of this.#sent.keys()) this.#sent.set(name, position);
    this.#reset('read-model-replaced');
  }

  /** Tells everybody that the feed is alive, and cuts those off that are not. */
  heartbeat(): void {
    const { position } = this;
    const message = new WrittenMessage({ type: 'heartbeat', position });
    for (const subscriber of this.#subscribers) subscriber.heartbeat(message);
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    if (this.#pause !== undefined) {
      clearTimeout(this.#pause.timer);
      this.#pause.end();
    }
    for (const subscriber of this.#subscribers) subscriber.close();
  }

  /** Cuts off who did not go. */
  drop(): void {
    for (const subscriber of this.#subscribers) subscriber.drop();
  }

  /** Starts at the present when the first one listens. */
  #begin(): Promise<void> {
    this.#begun ??= this.#beginAtPresent();
    return this.#begun;
  }

  async #beginAtPresent(): Promise<void> {
    try {
      const position = await this.#system.readModels.position();
      for (const { view } of this.#views) this.#sent.set(view.name, position);
    } catch (error) {
      this.#begun = undefined;
      throw error;
    }
  }

  #wake(): void {
    this.#changed = true;
    if (this.#running || !this.#wanted) return;
    this.#running = true;
    void this.#run();
  }

  get #wanted(): boolean {
    return !this.#closed && this.#subscribers.size > 0;
  }

  /** Reads as long as something changed; many changes during one round make one more round. */
  async #run(): Promise<void> {
    while (this.#changed && this.#wanted) {
      this.#changed = false;
      let pause = betweenRoundsMs;
      try {
        await this.#begin();
        const more = await this.#round();
        if (more) {
          this.#changed = true;
          continue;
        }
      } catch (error) {
        this.#log.warn({ err: errorForLog(error), feed: this.definition.name }, 'live updates could not be read');
        this.#changed = true;
        pause = retryMs;
      }
      if (this.#wanted) await this.#rest(pause);
    }
    this.#running = false;
  }

  #rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pause = { timer: setTimeout(resolve, milliseconds), end: resolve };
    });
  }

  /** One look at every view. True when there was more than it took. */
  async #round(): Promise<boolean> {
    const before = this.position;
    // Read first: whatever is committed up to here is seen by every query that follows.
    const reached = await this.#system.readModels.position();
    let more = false;
    const batches: { readonly prepared: PreparedView; readonly rows: readonly ChangedRow[] }[] = [];
    for (const prepared of this.#views) {
      const after = this.#sent.get(prepared.view.name) ?? reached;
      const changes = await this.#changes(prepared, after, reached);
      this.#sent.set(prepared.view.name, changes.upTo);
      more ||= changes.more;
      if (changes.rows.length > 0) batches.push({ prepared, rows: changes.rows });
    }
    // Nothing is awaited from here on, so nobody joins or stays held.
    if (batches.length > 1) for (const subscriber of this.#subscribers) subscriber.hold();
    for (const [index, { prepared, rows }] of batches.entries()) {
      // Only with the last message of a round has everything up to the new position been sent.
      this.#send(prepared.view.name, rows, index === batches.length - 1 ? this.position : before);
    }
    if (batches.length > 1) for (const subscriber of this.#subscribers) subscriber.release();
    // The last one left meanwhile: the next one begins anew.
    if (this.#subscribers.size === 0) this.#sent.clear();
    return more;
  }

  /** The rows of one view behind a position, and how far they reach. */
  async #changes(prepared: PreparedView, after: number, reached: number) {
    const found = await this.#system.readModels.query(prepared.changed, [after, mostRows + 1]);
    const rows = found.map((row) => changedRow(prepared, row));
    const last = rows.at(-1)?.position ?? after;
    if (rows.length <= mostRows) return { rows, upTo: Math.max(last, reached), more: false };
    // Rows of one event stay together: a cut between them would lose the rest.
    const whole = rows.filter(({ position }) => position < last);
    const upTo = whole.at(-1)?.position;
    if (upTo !== undefined) return { rows: whole, upTo, more: true };
    this.#reset('too-many-changes');
    return { rows: [], upTo: last, more: true };
  }

  #send(view: string, rows: readonly ChangedRow[], position: number): void {
    const newest = rows.at(-1)?.position ?? position;
    // Written once for everybody who asked for the same rows.
    const messages = new Map<string | undefined, WrittenMessage | undefined>();
    for (const subscriber of this.#subscribers) {
      if (!subscriber.maySee(view)) continue;
      const value = subscriber.filterOf(view);
      if (!messages.has(value)) messages.set(value, rowsMessage(view, position, rows, value));
      const message = messages.get(value);
      if (message !== undefined) subscriber.sendRows(view, newest, message);
    }
  }

  #reset(reason: ResetReason): void {
    const { position } = this;
    for (const subscriber of this.#subscribers) subscriber.reset(position, reason);
  }
}

function rowsMessage(
  view: string,
  position: number,
  rows: readonly ChangedRow[],
  value: string | undefined,
): WrittenMessage | undefined {
  const wanted = value === undefined ? rows : rows.filter(({ filterValue }) => filterValue === value);
  if (wanted.length === 0) return undefined;
  return new WrittenMessage({ type: 'rows', view, position, rows: wanted.map(({ row }) => row) });
}
