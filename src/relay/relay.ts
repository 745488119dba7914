import { MessagesRefused, type Broker } from '../brokers/broker.ts';
import { MillraceError } from '../errors.ts';
import type { Lease } from '../postgres/lease.ts';
import type { EventLog } from '../store/store.ts';
import { RelayRun } from './relay-run.ts';
import type { RelayStore } from './relay-store.ts';

export interface RelayOptions {
  readonly log: EventLog;
  readonly broker: Broker;
  readonly store: RelayStore;
  readonly lease: Lease;
  /** Called after the cursor was written down. */
  readonly onAdvanced?: (position: number) => void;
  readonly onError?: (error: unknown) => void;
  /** Events in one publication. Default 500. */
  readonly batchSize?: number;
  /** Looks at the log so often even without a nudge, in milliseconds. Default 1,000. */
  readonly pollingInterval?: number;
  /** A publication that is not confirmed within so many milliseconds has failed, and is sent again. Default 10,000. */
  readonly publishTimeout?: number;
  /** The longest pause between two tries while the broker or the store is away, in milliseconds. Default 2,000. */
  readonly longestPause?: number;
  /** Pauses before a refused event is tried again, in milliseconds. Default: 30 s, 2 min, 30 min, 1 h. */
  readonly retrySchedule?: readonly number[];
  /** Work without progress for so long gets the relay restarted, in milliseconds. Default 10,000. */
  readonly stuckAfter?: number;
}

/** A restart is given more time after each one that did not help, up to so many times as much. */
const mostPatience = 6;

/**
 * Carries events from the log to one broker, in order, at least once. Only the holder of the lease does; the others
 * stand by. What this process appended itself is published from memory as long as it joins the cursor without a gap
 * (positions have none, so that is all there is); anything else is read from the log.
 *
 * The cursor is written down beside the publishing, not before the next batch: after a crash the last events are
 * published again, and consumers pass over them. A broker that is away is waited out: the cursor stands still. An event
 * that the broker refuses, and nothing else, is passed over with those behind it of its key, and tried again later.
 *
 * A relay whose database does not answer any more is given up and replaced: the new one takes another connection, and a
 * lease with a higher token.
 */
export class Relay {
  readonly #options: RelayOptions;
  #run: RelayRun;
  #watchdog: NodeJS.Timeout | undefined;
  #restarts = 0;
  #refused = 0;
  #failures = 0;
  #restartsSinceProgress = 0;
  #positionAtRestart = -1;
  #stuck: MillraceError | undefined;
  #stuckAt = -Infinity;
  #stopping: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    this.#options = {
      ...options,
      onError: (error) => {
        if (error instanceof MessagesRefused) this.#refused += error.positions.length;
        else this.#failures++;
        options.onError?.(error);
      },
    };
    this.#run = new RelayRun(this.#options);
  }

  /** True while this process is the one that publishes. */
  get active(): boolean {
    return this.#run.active;
  }

  /** The last position that was handed to the broker and confirmed, or passed over. */
  get position(): number {
    return this.#run.position;
  }

  /** Milliseconds since the relay last published something or found nothing to do. */
  get quietFor(): number {
    return this.#run.quietFor;
  }

  /** Why it was started again, until it has gone on. */
  get error(): MillraceError | undefined {
    const progressed = this.#run.position > this.#positionAtRestart;
    // Idle at once may mean that it only waits for its own lease.
    const rests = this.#run.busyFor === 0 && performance.now() - this.#stuckAt > this.#stuckAfter;
    return progressed || rests ? undefined : this.#stuck;
  }

  /** How often it was started again because it made no progress. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Events that the broker refused since the start, each time counted. */
  get refused(): number {
    return this.#refused;
  }

  /** Other failures since the start. What failed is tried again. */
  get failures(): number {
    return this.#failures;
  }

  start(): void {
    if (this.#watchdog !== undefined || this.#stopping !== undefined) return;
    this.#run.start();
    this.#watchdog = setInterval(() => this.#watch(), Math.min(1000, this.#stuckAfter / 4));
    this.#watchdog.unref();
  }

  /** There may be something new in the log. */
  nudge(): void {
    this.#run.nudge();
  }

  /** Publishes what is there, writes the cursor down, and gives the lease back. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#watchdog);
    const run = this.#run;
    // A run that hangs must not keep the process from stopping.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        run.abandon();
        resolve();
      }, this.#stuckAfter);
    });
    await Promise.race([run.stop(), patience]);
    clearTimeout(timer);
  }

  get #stuckAfter(): number {
    return this.#options.stuckAfter ?? 10_000;
  }

  #watch(): void {
    const run = this.#run;
    if (run.position > this.#positionAtRestart) this.#restartsSinceProgress = 0;
    const patience = this.#stuckAfter * Math.min(mostPatience, 1 + this.#restartsSinceProgress);
    if (run.busyFor < patience) return;
    const seconds = Math.round(run.busyFor / 1000);
    this.#stuck = new MillraceError(
      'RELAY_STUCK',
      `The relay made no progress for ${seconds} s and was started again.`,
    );
    this.#stuckAt = performance.now();
    this.#restarts++;
    this.#restartsSinceProgress++;
    // One that has not come so far as to know its cursor has made no step back.
    this.#positionAtRestart = Math.max(this.#positionAtRestart, run.position);
    this.#options.onError?.(this.#stuck);
    run.abandon();
    this.#run = new RelayRun(this.#options);
    this.#run.start();
  }
}
