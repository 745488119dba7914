import { DatabaseError } from 'pg';
import type { Delivery, Subscription } from '../brokers/broker.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import { wallClock } from '../events/wall-clock.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import { liveBuild, noteCode } from '../projections/builds.ts';
import { arrive, describeStandstill, type Arrival } from './batch.ts';
import { BuildApplier } from './build-applier.ts';
import { ConsumerConnection } from './consumer-connection.ts';
import type { ConsumerOptions } from './consumer.ts';
import { LogWatch } from './log-watch.ts';

/** At a stop, what was delivered is still applied for so long, in milliseconds. */
const drainFor = 2000;
/** Who stands by looks so often whether the lease is free, in milliseconds. */
const pauseBetweenTries = 500;

/**
 * One life of a consumer: takes deliveries, passes over doubles, fills holes from the log, applies a batch, and commits
 * effect, checkpoint, stamps and dead letters in one transaction of the read-model database. So every event takes
 * effect exactly once, whatever is delivered twice, late, out of order or not at all.
 */
export class ConsumerRun {
  readonly #options: ConsumerOptions;
  readonly #batchSize: number;
  readonly #connection: ConsumerConnection;
  readonly #watch: LogWatch;
  readonly #work = new Doorbell();
  readonly #ending = new Doorbell();
  #stopListening: () => void = () => undefined;
  #subscription: Subscription | undefined;
  /** Taken from the subscription and not applied yet. */
  #inHand: readonly Delivery[] = [];
  #keeper: LeaseKeeper | undefined;
  #applier: BuildApplier | undefined;
  #position = 0;
  #error: unknown;
  #failures = 0;
  #logReads = 0;
  #refused = 0;
  #ended = false;
  #abandoned = false;
  #busySince: number | undefined;
  #appliedAt = -Infinity;
  #loop: Promise<void> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#batchSize = options.batchSize ?? 1000;
    this.#watch = new LogWatch(options);
    this.#connection = new ConsumerConnection(options.readModelsUrl, `millrace ${options.definition.id}`);
  }

  get active(): boolean {
    return this.#keeper?.held === true;
  }

  get position(): number {
    return this.#applier?.position ?? this.#position;
  }

  get error(): unknown {
    return this.#error;
  }

  get logReads(): number {
    return this.#logReads;
  }

  get refused(): number {
    return this.#refused;
  }

  /** True while it waits for something to come. */
  get idle(): boolean {
    return this.#busySince === undefined;
  }

  /** Milliseconds since the last step forward while there is something to do; 0 when it waits. */
  get busyFor(): number {
    return this.#busySince === undefined ? 0 : performance.now() - this.#busySince;
  }

  start(): void {
    this.#stopListening = this.#options.log.onIncarnationChanged(() => {
      this.#watch.doubt(true);
      this.#work.ring();
    });
    this.#loop ??= this.#run();
  }

  nudge(): void {
    this.#work.ring();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    this.#work.ring();
    this.#ending.ring();
    await this.#loop;
    await this.#connection.close();
  }

  /** Gives up without waiting for anything. What is under way either has committed or never will. */
  abandon(): void {
    this.#ended = true;
    this.#abandoned = true;
    this.#stopListening();
    this.#keeper?.stop();
    this.#connection.destroy();
    this.#work.ring();
    this.#ending.ring();
    this.#dropSubscription();
  }

  async #run(): Promise<void> {
    this.#busySince = performance.now();
    while (!this.#ended) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#abandoned) return;
        await this.#failed(error);
      }
    }
    if (this.#abandoned) return;
    await this.#finish();
  }

  async #step(): Promise<void> {
    this.#progress();
    const { broker, idleInterval = 1000 } = this.#options;
    if (this.#keeper?.held !== true && !(await this.#takeOver())) {
      await this.#rest(this.#ending, Math.min(idleInterval, pauseBetweenTries));
      return;
    }
    if (this.#subscription === undefined || this.#applier === undefined) await this.#reload();
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    if (this.#applier !== undefined && !(await this.#watch.holds(this.#applier))) await this.#reload();
    if (this.#inHand.length === 0) {
      await this.#gather(subscription);
      this.#inHand = subscription.take(this.#batchSize);
    }
    const deliveries = this.#inHand;
    if (deliveries.length > 0) {
      this.#watch.delivered();
      await this.#consume(deliveries);
      this.#inHand = [];
      subscription.acknowledge(deliveries);
      return;
    }
    await this.#rest(this.#work, broker.transit > 0 ? Math.min(idleInterval, broker.transit) : idleInterval);
    if (!this.#ended && subscription.waiting === 0) await this.#readMissing();
  }

  /** A read model that may lag a little takes what has come since its last batch at once. */
  async #gather(subscription: Subscription): Promise<void> {
    const { mayLag } = this.#options.definition;
    const left = this.#appliedAt + mayLag - performance.now();
    if (mayLag > 0 && left > 0 && subscription.waiting > 0 && subscription.waiting < this.#batchSize)
      await this.#rest(this.#ending, left);
    this.#appliedAt = performance.now();
  }

  async #rest(bell: Doorbell, milliseconds: number): Promise<void> {
    this.#busySince = undefined;
    await bell.wait(milliseconds);
    this.#progress();
  }

  #progress(): void {
    this.#busySince = performance.now();
  }

  async #failed(error: unknown): Promise<void> {
    this.#position = this.position;
    this.#applier = undefined;
    this.#failures++;
    // A moved checkpoint, or tables that are gone, are how rebuild, retry and another consumer announce themselves. What
    // is in hand is applied to what they left.
    const moved =
      error instanceof DatabaseError && (error.code === 'MR011' || error.code === '42P01' || error.code === '3F000');
    if (moved && this.#failures === 1) return;
    // What was taken and not acknowledged comes again, or is read from the log.
    this.#dropSubscription();
    if (!moved) {
      this.#error = error;
      this.#options.onError?.(error);
      await this.#markUnhealthy(error);
    }
    if (!this.#ended) await this.#rest(this.#ending, backoff(this.#failures, 50, 2000));
  }

  async #finish(): Promise<void> {
    const deadline = performance.now() + drainFor;
    try {
      while (this.#applier !== undefined && this.#subscription !== undefined && performance.now() < deadline) {
        const deliveries = this.#inHand.length > 0 ? this.#inHand : this.#subscription.take(this.#batchSize);
        if (deliveries.length === 0) break;
        this.#inHand = [];
        await this.#consume(deliveries);
        this.#subscription.acknowledge(deliveries);
      }
    } catch (error) {
      // It is read from the log at the next start.
      this.#options.onError?.(error);
    }
    this.#stopListening();
    this.#dropSubscription();
    const keeper = this.#keeper;
    this.#keeper = undefined;
    if (keeper === undefined) return;
    keeper.stop();
    await this.#options.lease.release(keeper.lease).catch(() => undefined);
  }

  #dropSubscription(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#inHand = [];
    subscription?.close().catch((error: unknown) => this.#options.onError?.(error));
  }

  async #takeOver(): Promise<boolean> {
    this.#keeper?.stop();
    this.#keeper = undefined;
    this.#applier = undefined;
    // Who stands by takes no deliveries away from the one that consumes.
    this.#dropSubscription();
    const { hesitation, lease, onError } = this.#options;
    const pause = hesitation?.() ?? 0;
    if (pause > 0) await this.#rest(this.#ending, pause);
    if (this.#ended) return false;
    const held = await lease.acquire();
    if (held === undefined) return false;
    this.#keeper = lease.keep(held, onError === undefined ? {} : { onError });
    return true;
  }

  /** Reads checkpoint and parked keys, compares the checkpoint with the log, and catches up. */
  async #reload(): Promise<void> {
    const { broker, definition } = this.#options;
    // Before the checkpoint is read, so that nothing comes between the two.
    this.#subscription ??= await broker.subscribe(definition.queue, () => this.#work.wake());
    const client = await this.#connection.client();
    const build = await liveBuild(client, definition.id);
    if (build === undefined)
      throw new MillraceError('SCHEMA_MISSING', `Projection ${definition.id} has no live build.`);
    const incarnation = await this.#watch.incarnationFor(build);
    const parked = await client.query<{ ordering_key: string }>(
      `select distinct ordering_key from dead_letters
       where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
      [definition.id, build.generation],
    );
    this.#applier = new BuildApplier({
      definition,
      build,
      incarnation,
      parkedKeys: parked.rows.map((row) => row.ordering_key),
      stamps: this.#options.stamps ?? true,
      ...(this.#options.retrySchedule === undefined ? {} : { retrySchedule: this.#options.retrySchedule }),
      ...(this.#options.onParked === undefined ? {} : { onParked: this.#options.onParked }),
      ...(this.#options.onBatchApplied === undefined ? {} : { onBatchApplied: this.#options.onBatchApplied }),
    });
    this.#options.onParked?.();
    await noteCode(client, definition, build);
    await client.query(
      `update projection_builds set is_healthy = true, error_message = null where projection_id = $1 and state = 'live' and not is_healthy`,
      [definition.id],
    );
    await this.#readMissing();
    this.#error = undefined;
  }

  async #consume(deliveries: readonly Delivery[]): Promise<void> {
    let arrivals: Arrival[] = [];
    let expected = this.position + 1;
    for (const { message, receivedAt } of deliveries) {
      const { event } = message;
      if (message.log !== this.#options.log.name || message.incarnation !== this.#applier?.incarnation) {
        this.#refused++;
        this.#watch.doubt();
        continue;
      }
      if (event.position < expected) {
        // A double, as a rule; after a restore, a new event at an old place.
        if (event.position <= this.position) this.#watch.doubt();
        continue;
      }
      if (event.position > expected) {
        await this.#apply(arrivals);
        arrivals = [];
        await this.#catchUp(event.position - 1);
        // Stopped on the way: the rest is read from the log at the next start.
        if (this.position !== event.position - 1) return;
      }
      arrivals.push(arrive(this.#options.registry, event, message.handedAt, receivedAt));
      expected = event.position + 1;
    }
    await this.#apply(arrivals);
  }

  /** What was published and has not come, and is not on its way either. */
  async #readMissing(): Promise<void> {
    const upTo = await this.#watch.missing(this.position);
    if (upTo !== undefined && (this.#subscription?.waiting ?? 0) === 0) await this.#catchUp(upTo);
    this.#failures = 0;
  }

  async #catchUp(upTo: number): Promise<void> {
    while (this.position < upTo && !this.#abandoned) {
      this.#logReads++;
      const events = await this.#options.log.read({ after: this.position, upTo, limit: this.#batchSize });
      if (events.length === 0) throw new MillraceError('LOG_RESTORED', 'The log ends before what was published.');
      const receivedAt = wallClock();
      await this.#apply(events.map((event) => arrive(this.#options.registry, event, undefined, receivedAt)));
      if (this.#ended) return;
    }
  }

  async #apply(arrivals: readonly Arrival[]): Promise<void> {
    if (this.#applier === undefined || arrivals.length === 0 || this.#abandoned) return;
    const client = await this.#connection.client();
    const begun = performance.now();
    await this.#applier.apply(client, arrivals);
    const seconds = (performance.now() - begun) / 1000;
    this.#progress();
    this.#failures = 0;
    this.#error = undefined;
    try {
      this.#options.onCommitted?.(this.#applier.position);
      for (const { event } of arrivals) this.#options.onProcessed?.(event.type, seconds);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  /** For whoever looks at the database: other processes, and the tables that operators query. */
  async #markUnhealthy(error: unknown): Promise<void> {
    try {
      const client = await this.#connection.client();
      await client.query(
        `update projection_builds set is_healthy = false, error_message = $2 where projection_id = $1 and state = 'live'
           and (is_healthy or error_message is distinct from $2)`,
        [this.#options.definition.id, describeStandstill(error)],
      );
    } catch {
      // The database is what is wrong, then; this process's own health tells.
    }
  }
}
