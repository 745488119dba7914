import { errorForLog } from '../telemetry/error-for-log.ts';
import type { FastifyBaseLogger } from 'fastify';
import { MillraceError } from '../errors.ts';
import type { RunningSystem } from '../running-system.ts';
import type { LiveFeedDefinition } from './live-feed.ts';
import { LiveTail } from './live-tail.ts';

/** How often clients hear that the feed is alive, and that rebuilds elsewhere are looked for. */
const heartbeatMs = 15_000;
const mostSubscribers = 5_000;
const mostOfOneFeed = 0.8;

/** All feeds of a server: one tail each, one limit and one heartbeat for all. */
export class LiveFeeds {
  readonly tails: readonly LiveTail[];
  readonly #system: RunningSystem;
  readonly #log: FastifyBaseLogger;
  readonly #mostSubscribers: number;
  readonly #timer: NodeJS.Timeout;
  #build: { readonly generation: number; readonly parked: number; readonly position: number } | undefined;

  constructor(
    definitions: readonly LiveFeedDefinition[],
    system: RunningSystem,
    log: FastifyBaseLogger,
    options: { readonly heartbeatMs?: number; readonly mostSubscribers?: number } = {},
  ) {
    this.#system = system;
    this.#log = log;
    this.#mostSubscribers = options.mostSubscribers ?? mostSubscribers;
    this.tails = definitions.map((definition) => new LiveTail(definition, system, log));
    this.#timer = setInterval(() => void this.#beat(), options.heartbeatMs ?? heartbeatMs);
    this.#timer.unref();
  }

  /** The feeds by their definitions. */
  get definitions(): readonly LiveFeedDefinition[] {
    return this.tails.map(({ definition }) => definition);
  }

  /** The tail of the feed with that name. */
  tailOf(name: string): LiveTail {
    const tail = this.tails.find(({ definition }) => definition.name === name);
    if (tail === undefined) throw new MillraceError('DEFINITION_INVALID', `There is no feed ${name}.`);
    return tail;
  }

  get size(): number {
    return this.tails.reduce((sum, tail) => sum + tail.size, 0);
  }

  /** Throws SUBSCRIBERS_FULL. Of several feeds none may take all the room: those who look at one do not shut out the others. */
  checkRoom(tail: LiveTail): void {
    const isFull = this.tails.length > 1 && tail.size >= this.#mostSubscribers * mostOfOneFeed;
    if (isFull || this.size >= this.#mostSubscribers) {
      throw new MillraceError('SUBSCRIBERS_FULL', 'Too many clients listen to live updates.');
    }
  }

  /** Rows changed without a newer position: everybody loads again. */
  replaced(): void {
    for (const tail of this.tails) tail.replaced();
  }

  /** Ends all connections in order. */
  close(): void {
    clearInterval(this.#timer);
    for (const tail of this.tails) tail.close();
  }

  /** Cuts off who did not go. */
  drop(): void {
    for (const tail of this.tails) tail.drop();
  }

  async #beat(): Promise<void> {
    for (const tail of this.tails) tail.heartbeat();
    if (this.size === 0) {
      this.#build = undefined;
      return;
    }
    try {
      await this.#lookForReplacement();
    } catch (error) {
      this.#log.warn({ err: errorForLog(error) }, 'the state of the read model could not be read');
    }
  }

  /** Another process may have swapped in a rebuild, or applied parked events late. */
  async #lookForReplacement(): Promise<void> {
    const primary = this.#system.definition.projections[0];
    if (primary === undefined) return;
    const before = this.#build;
    const { generation, parked, position } = await this.#system.projections.get(primary.id);
    this.#build = { generation, parked, position };
    if (before === undefined) return;
    // An older backup was restored.
    if (position < before.position) for (const tail of this.tails) tail.replaced(position);
    else if (generation !== before.generation || parked < before.parked) this.replaced();
  }
}
