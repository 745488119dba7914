import type { Broker } from '../brokers/broker.ts';
import type { EventRegistry } from '../events/codec.ts';
import { MillraceError } from '../errors.ts';
import type { Lease } from '../postgres/lease.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import type { EventLog } from '../store/store.ts';
import type { Arrival } from './batch.ts';
import type { ParkedEvent } from './build-applier.ts';
import { ConsumerRun } from './consumer-run.ts';
import { DueRetries, type DueLetters } from './due-retries.ts';

export interface ConsumerOptions {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly broker: Broker;
  readonly readModelsUrl: string;
  readonly lease: Lease;
  /** How long to let other processes go first when the lease may be free, in milliseconds. Default: not at all. */
  readonly hesitation?: () => number;
  /** The position up to which the relay has published: a consumer never runs ahead of it. */
  readonly published: () => Promise<number>;
  /** Called after each commit with the new position. */
  readonly onCommitted?: (position: number) => void;
  /** Called for every event of a committed batch with its type and how long the batch took. */
  readonly onProcessed?: (eventType: string, seconds: number) => void;
  /** Called for every committed batch, with what of it was parked. */
  readonly onBatchApplied?: (arrivals: readonly Arrival[], parked: readonly ParkedEvent[]) => void;
  readonly onError?: (error: unknown) => void;
  /** Write stamps for the ledger: only for the primary projection, whose stamps are copied. Default true. */
  readonly stamps?: boolean;
  /** Pauses before a failed event is tried again, in milliseconds. Default: 30 s, 2 min, 30 min, 1 h. */
  readonly retrySchedule?: readonly number[];
  /** Retries what is due while this process is the one that consumes. Default: nothing is retried by itself. */
  readonly letters?: DueLetters;
  /** Called when events were parked, and when this process begins to consume. */
  readonly onParked?: () => void;
  /** Events in one transaction at most. Default 1,000. */
  readonly batchSize?: number;
  /** Compares with the relay's cursor so often when idle, in milliseconds. Default 1,000. */
  readonly idleInterval?: number;
  /** Work without progress for so long gets the consumer restarted, in milliseconds. Default 10,000. */
  readonly stuckAfter?: number;
}

/** What a consumer is doing. */
export interface ConsumerState {
  /** False while another process consumes. */
  readonly active: boolean;
  readonly position: number;
  readonly error: unknown;
  /** Reads of the log since the start: 0 in a healthy run. */
  readonly logReads: number;
  /** Messages of another log or another incarnation that were refused. */
  readonly refused: number;
  /** How often the consumer was started again because it made no progress. */
  readonly restarts: number;
}

/** A restart is given more time after each one that did not help, up to so many times as much. */
const mostPatience = 6;

/**
 * Follows the events for one projection, and is there for whoever started it: a run that has work and makes no progress
 * (a connection that is half open, a query that never answers) is given up and replaced.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #retries: DueRetries | undefined;
  #run: ConsumerRun | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #restarts = 0;
  #restartsSinceProgress = 0;
  #positionAtRestart = -1;
  #stuck: MillraceError | undefined;
  #logReadsBefore = 0;
  #refusedBefore = 0;
  #stopping: Promise<void> | undefined;

  constructor(options: ConsumerOptions) {
    const { letters, definition, onError, onParked } = options;
    if (letters !== undefined) {
      this.#retries = new DueRetries({
        projection: definition.id,
        letters,
        active: () => this.#run?.active ?? false,
        ...(onError === undefined ? {} : { onError }),
      });
    }
    this.#options = {
      ...options,
      onParked: () => {
        this.#retries?.wake();
        onParked?.();
      },
    };
  }

  get state(): ConsumerState {
    const run = this.#run;
    const progressed = run !== undefined && run.position > this.#positionAtRestart;
    return {
      active: run?.active ?? false,
      position: run?.position ?? 0,
      error: run?.error ?? (progressed || run?.idle === true ? undefined : this.#stuck),
      logReads: this.#logReadsBefore + (run?.logReads ?? 0),
      refused: this.#refusedBefore + (run?.refused ?? 0),
      restarts: this.#restarts,
    };
  }

  start(): void {
    if (this.#run !== undefined || this.#stopping !== undefined) return;
    this.#begin();
    this.#retries?.start();
    this.#watchdog = setInterval(() => this.#watch(), Math.min(1000, this.#stuckAfter / 4));
    this.#watchdog.unref();
  }

  /** There may be something that was published and not delivered here. */
  nudge(): void {
    this.#run?.nudge();
  }

  /** Applies what was delivered, as far as that goes quickly, and gives the lease back. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#watchdog);
    const run = this.#run;
    if (run === undefined) return;
    // A run or a retry that hangs must not keep the process from stopping.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        run.abandon();
        resolve();
      }, this.#stuckAfter);
    });
    await Promise.race([patience, this.#retries?.stop()]);
    await run.stop();
    clearTimeout(timer);
  }

  get #stuckAfter(): number {
    return this.#options.stuckAfter ?? 10_000;
  }

  #begin(): void {
    this.#run = new ConsumerRun(this.#options);
    this.#run.start();
  }

  #watch(): void {
    const run = this.#run;
    if (run === undefined) return;
    if (run.position > this.#positionAtRestart) this.#restartsSinceProgress = 0;
    const patience = this.#stuckAfter * Math.min(mostPatience, 1 + this.#restartsSinceProgress);
    if (run.busyFor < patience) return;
    const seconds = Math.round(run.busyFor / 1000);
    this.#stuck = new MillraceError(
      'CONSUMER_STUCK',
      `Projection ${this.#options.definition.id} made no progress for ${seconds} s and was started again.`,
    );
    this.#restarts++;
    this.#restartsSinceProgress++;
    this.#positionAtRestart = run.position;
    this.#logReadsBefore += run.logReads;
    this.#refusedBefore += run.refused;
    this.#options.onError?.(this.#stuck);
    run.abandon();
    this.#begin();
  }
}
