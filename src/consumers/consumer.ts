import pg from 'pg';
import type { Broker, Delivery, Subscription } from '../brokers/broker.ts';
import type { EventRegistry } from '../events/codec.ts';
import { wallClock } from '../events/wall-clock.ts';
import { MillraceError } from '../errors.ts';
import type { HeldLease, Lease } from '../postgres/lease.ts';
import { liveBuild, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import type { EventLog } from '../store/store.ts';
import { arrive, type Arrival } from './batch.ts';
import { BuildApplier } from './build-applier.ts';
import { ConsumerConnection } from './consumer-connection.ts';

export interface ConsumerOptions {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly broker: Broker;
  readonly readModelsUrl: string;
  readonly lease: Lease;
  /** The position up to which the relay has published: a consumer never runs ahead of it. */
  readonly published: () => Promise<number>;
  /** Called after each commit with the new position and the time of processing. */
  readonly onCommitted?: (position: number) => void;
  readonly onError?: (error: unknown) => void;
  /** Events in one transaction at most. Default 1,000. */
  readonly batchSize?: number;
  /** Compares with the relay's cursor so often when idle, in milliseconds. Default 1,000. */
  readonly idleInterval?: number;
}

/** What a consumer is doing; `waitingForLease` means another process consumes. */
export interface ConsumerState {
  readonly active: boolean;
  readonly position: number;
  readonly error: unknown;
  /** Reads of the log since the start: 0 in a healthy run. */
  readonly logReads: number;
}

/**
 * Follows the events for one projection: takes deliveries, passes over doubles, fills holes from the log, applies a
 * batch, and commits effect, checkpoint, stamps and dead letters in one transaction of the read-model database. So every
 * event takes effect exactly once, whatever is delivered twice, late, out of order or not at all.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #batchSize: number;
  readonly #connection: ConsumerConnection;
  #subscription: Subscription | undefined;
  #lease: HeldLease | undefined;
  #applier: BuildApplier | undefined;
  #error: unknown;
  #logReads = 0;
  #wake: (() => void) | undefined;
  #woken = false;
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#batchSize = options.batchSize ?? 1000;
    this.#connection = new ConsumerConnection(options.readModelsUrl, `millrace ${options.definition.id}`);
  }

  get state(): ConsumerState {
    return {
      active: this.#lease !== undefined,
      position: this.#applier?.position ?? 0,
      error: this.#error,
      logReads: this.#logReads,
    };
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There may be something that was published and not delivered here. */
  nudge(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Finishes the batch that is being applied and gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#loop;
    await this.#connection.close();
  }

  async #run(): Promise<void> {
    this.#subscription = await this.#options.broker.subscribe(this.#options.definition.id, () => this.#wake?.());
    while (!this.#stopped) {
      try {
        if (this.#lease === undefined && !(await this.#takeOver())) {
          this.#subscription.take(Number.MAX_SAFE_INTEGER);
          await this.#wait();
          continue;
        }
        if (this.#applier === undefined) await this.#reload();
        const deliveries = this.#subscription.take(this.#batchSize);
        if (deliveries.length > 0) await this.#consume(deliveries, this.#subscription);
        else if (await this.#wait()) await this.#catchUpWithRelay();
      } catch (error) {
        this.#failed(error);
        await this.#pause();
      }
    }
    await this.#subscription.close();
    if (this.#lease !== undefined) await this.#options.lease.release(this.#lease).catch(() => undefined);
    this.#lease = undefined;
  }

  #failed(error: unknown): void {
    // A moved checkpoint, or tables that are gone, are how rebuild, retry and another consumer announce themselves.
    const moved = error instanceof pg.DatabaseError && (error.code === 'MR011' || error.code === '42P01');
    if (!moved) {
      this.#error = error;
      this.#options.onError?.(error);
    }
    this.#applier = undefined;
  }

  async #takeOver(): Promise<boolean> {
    const lease = await this.#options.lease.acquire();
    if (lease === undefined) return false;
    this.#lease = lease;
    this.#applier = undefined;
    const timer = setInterval(() => {
      if (this.#lease !== lease) {
        clearInterval(timer);
        return;
      }
      this.#options.lease.renew(lease).then(
        (ours) => {
          if (!ours && this.#lease === lease) this.#lease = undefined;
        },
        (error: unknown) => this.#options.onError?.(error),
      );
    }, 1000);
    timer.unref();
    return true;
  }

  /** Reads checkpoint and parked keys, compares the checkpoint with the log, and catches up. */
  async #reload(): Promise<void> {
    const client = await this.#connection.client();
    const { definition, log } = this.#options;
    const build = await liveBuild(client, definition.id);
    if (build === undefined)
      throw new MillraceError('SCHEMA_MISSING', `Projection ${definition.id} has no live build.`);
    const head = await log.head();
    await assertSameLog(build, log);
    const parked = await client.query<{ ordering_key: string }>(
      `select distinct ordering_key from dead_letters
       where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
      [definition.id, build.generation],
    );
    this.#applier = new BuildApplier({
      definition,
      build,
      incarnation: head.incarnation,
      parkedKeys: parked.rows.map((row) => row.ordering_key),
      stamps: true,
    });
    this.#error = undefined;
    await this.#catchUpWithRelay();
  }

  async #consume(deliveries: readonly Delivery[], subscription: Subscription): Promise<void> {
    let arrivals: Arrival[] = [];
    let expected = this.#position() + 1;
    for (const { message, receivedAt } of deliveries) {
      const { event } = message;
      if (message.log !== this.#options.log.name || event.position < expected) continue;
      if (event.position > expected) {
        await this.#apply(arrivals);
        arrivals = [];
        await this.#catchUp(event.position - 1);
        if (event.position <= this.#position()) continue;
      }
      arrivals.push(arrive(this.#options.registry, event, message.handedAt, receivedAt));
      expected = event.position + 1;
    }
    await this.#apply(arrivals);
    subscription.acknowledge(deliveries);
  }

  #position(): number {
    return this.#applier?.position ?? 0;
  }

  async #catchUpWithRelay(): Promise<void> {
    const published = await this.#options.published();
    if (published > this.#position() && (this.#subscription?.waiting ?? 0) === 0) await this.#catchUp(published);
  }

  async #catchUp(upTo: number): Promise<void> {
    while (this.#position() < upTo && !this.#stopped) {
      this.#logReads++;
      const events = await this.#options.log.read({ after: this.#position(), upTo, limit: this.#batchSize });
      if (events.length === 0) throw new MillraceError('LOG_RESTORED', 'The log ends before what was published.');
      const receivedAt = wallClock();
      await this.#apply(events.map((event) => arrive(this.#options.registry, event, undefined, receivedAt)));
    }
  }

  async #apply(arrivals: readonly Arrival[]): Promise<void> {
    if (this.#applier === undefined || arrivals.length === 0) return;
    await this.#applier.apply(await this.#connection.client(), arrivals);
    this.#error = undefined;
    this.#options.onCommitted?.(this.#applier.position);
  }

  /** Waits for deliveries, a nudge or the idle interval. True when the relay's cursor should be looked at. */
  #wait(): Promise<boolean> {
    if (this.#stopped || (this.#subscription?.waiting ?? 0) > 0) return Promise.resolve(false);
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const done = (look: boolean): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        this.#woken = false;
        resolve(look);
      };
      const timer = setTimeout(() => done(true), this.#options.idleInterval ?? 1000);
      this.#wake = () => done(this.#woken);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, 200);
      if (this.#stopped) done();
      // Deliveries do not cut this pause short; only stopping does.
      this.#wake = () => {
        if (this.#stopped) done();
      };
    });
  }
}

/** I10: the event at the checkpoint must still be the one that was applied last. */
export async function assertSameLog(build: Build, log: EventLog): Promise<void> {
  if (build.position === 0) return;
  const [event] = await log.read({ after: build.position - 1, upTo: build.position, limit: 1 });
  if (event !== undefined && event.id === build.eventId) return;
  throw new MillraceError(
    'LOG_RESTORED',
    `Projection ${build.projection} is at position ${build.position}, and the log has ${event === undefined ? 'no event' : 'another event'} there. Rebuild it.`,
  );
}
