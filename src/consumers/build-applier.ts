import { DatabaseError } from 'pg';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { StoredEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { schemaToWrite, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { ProjectionWriter, type HandlerFailure } from '../projections/projection-writer.ts';
import { pauseAfter } from '../retry-schedule.ts';
import { parkStatement, stampRuns, stampStatement, type Arrival, type ArrivalStatus, type StampRun } from './batch.ts';
import { transact, type Scope } from './transact.ts';

interface Parked {
  readonly event: StoredEvent;
  readonly key: string;
  readonly failure: HandlerFailure | undefined;
}

/** What a batch has parked: events that a handler could not take, and those that wait behind them. */
export interface ParkedPositions {
  readonly failed: readonly number[];
  readonly waiting: readonly number[];
}
/** An event that did not take effect; without a failure it waits behind another one of its key. */
export type ParkedEvent = Pick<Parked, 'event' | 'failure'>;

export interface BuildApplierOptions {
  readonly definition: ProjectionDefinition;
  readonly build: Build;
  readonly incarnation: string;
  /** Ordering keys that are parked already. */
  readonly parkedKeys: Iterable<string>;
  /** Positions that were discarded, each with the id of its event: passed over. */
  readonly discarded?: ReadonlyMap<number, string>;
  /** Gets the stamps of each batch instead of the database, when the batch is in effect. */
  readonly onStamps?: (runs: readonly StampRun[]) => void;
  /** Write stamps for the ledger. */
  readonly stamps: boolean;
  /** Pauses before a failed event is tried again. Default: the usual ones. */
  readonly retrySchedule?: readonly number[];
  /** Called when a batch that parked something is in effect, with the positions of what it parked. */
  readonly onParked?: (parked: ParkedPositions) => void;
  /** Called when a batch is in effect, with what of it was parked: failed, or waiting behind a failed one. */
  readonly onApplied?: (arrivals: readonly Arrival[], parked: readonly ParkedEvent[]) => void;
}

/**
 * Applies events to one build, a batch at a time: effect, checkpoint, stamps and dead letters in one transaction. An
 * event that a handler or the database refuses parks its ordering key; the other keys go on.
 */
export class BuildApplier {
  readonly build: Build;
  readonly #options: BuildApplierOptions;
  readonly #writer: ProjectionWriter;
  readonly #parkedKeys: Set<string>;
  #position: number;
  #eventId: string | undefined;

  constructor(options: BuildApplierOptions) {
    this.#options = options;
    this.build = options.build;
    this.#position = options.build.position;
    this.#eventId = options.build.eventId;
    this.#parkedKeys = new Set(options.parkedKeys);
    this.#writer = new ProjectionWriter(options.definition, schemaToWrite(options.definition, options.build));
  }

  /** The checkpoint: everything up to here is in effect, parked or discarded. */
  get position(): number {
    return this.#position;
  }

  /** The event at the checkpoint. */
  get eventId(): string | undefined {
    return this.#eventId;
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  /**
   * Applies arrivals that follow the checkpoint without a gap. Throws what is no handler's fault; then start anew.
   * `scope` says what holds the statements together: a transaction of their own, or a part of the caller's.
   */
  async apply(client: pg.Client, arrivals: readonly Arrival[], scope: Scope = transact): Promise<void> {
    let expected = this.#position;
    for (const { event } of arrivals) {
      if (event.position !== ++expected) {
        throw new MillraceError('STORE_CORRUPT', `Event ${event.position} was to be applied, and ${expected} is next.`);
      }
    }
    if (arrivals.length > 0) await this.#applySome(client, arrivals, scope);
  }

  /**
   * When the database refuses something that a handler made, the batch is halved until only the guilty event is alone:
   * its neighbours are still applied by the batch.
   */
  async #applySome(client: pg.Client, arrivals: readonly Arrival[], scope: Scope): Promise<void> {
    try {
      await this.#applyTogether(client, arrivals, undefined, scope);
    } catch (error) {
      this.#writer.forget();
      if (!isHandlerFault(error)) throw error;
      if (arrivals.length === 1) {
        await this.#applyTogether(client, arrivals, error, scope);
        return;
      }
      const middle = Math.ceil(arrivals.length / 2);
      await this.#applySome(client, arrivals.slice(0, middle), scope);
      await this.#applySome(client, arrivals.slice(middle), scope);
    }
  }

  async #applyTogether(client: pg.Client, arrivals: readonly Arrival[], refusal: unknown, scope: Scope): Promise<void> {
    const last = arrivals.at(-1);
    if (last === undefined) return;
    if (refusal === undefined) {
      const readable = arrivals.filter((arrival) => arrival.undecodable === undefined).map((arrival) => arrival.event);
      await this.#writer.load(readable, (query) => client.query(query));
    }
    const parked = this.#fold(arrivals, refusal);
    const { build } = this;
    const { incarnation, stamps, onStamps } = this.#options;
    const queries: pg.QueryConfig[] = [
      // First of all: it locks the checkpoint's row, so that whoever else writes to this build (a retry, a rebuild's
      // swap) is met here and not crosswise at some row, and so that stamps get their numbers in the order of commits.
      {
        name: 'advance-checkpoint',
        text: 'select advance_checkpoint($1, $2, $3, $4, $5, $6, $7)',
        values: [
          build.projection,
          build.generation,
          build.epoch,
          this.#position,
          last.event.position,
          last.event.id,
          incarnation,
        ],
      },
      ...this.#writer.writes(),
    ];
    if (parked.length > 0) queries.push(parkStatement(build, pauseAfter(1, this.#options.retrySchedule), parked));
    const statuses = new Map<number, ArrivalStatus>(
      parked.map((one) => [one.event.position, one.failure === undefined ? 'PUBLISHED' : 'FAILED']),
    );
    // An event that was given up stays failed.
    for (const { event } of arrivals) if (this.#isDiscarded(event)) statuses.set(event.position, 'FAILED');
    const runs = stamps || onStamps !== undefined ? stampRuns(arrivals, (at) => statuses.get(at) ?? 'PROCESSED') : [];
    if (stamps) queries.push(stampStatement(build.projection, runs, wallClock()));
    await scope(client, queries);
    this.#writer.committed();
    for (const one of parked) this.#parkedKeys.add(one.key);
    this.#position = last.event.position;
    this.#eventId = last.event.id;
    onStamps?.(runs);
    if (parked.length > 0) {
      const [failed, waiting] = [true, false].map((wanted) =>
        parked.filter(({ failure }) => (failure !== undefined) === wanted).map(({ event }) => event.position),
      );
      this.#options.onParked?.({ failed: failed ?? [], waiting: waiting ?? [] });
    }
    this.#options.onApplied?.(arrivals, parked);
  }

  /** Folds what can be folded and returns what has to be parked. */
  #fold(arrivals: readonly Arrival[], refusal: unknown): Parked[] {
    const parked: Parked[] = [];
    const newlyParked = new Set<string>();
    for (const { event, undecodable } of arrivals) {
      if (this.#isDiscarded(event)) continue;
      const { key, error } =
        undecodable === undefined ? this.#keyOf(event, refusal) : { key: event.stream, error: undecodable };
      // Behind an event that cannot be read, whose key nobody knows, its whole stream waits.
      const waits = [key, event.stream].find((one) => this.#parkedKeys.has(one) || newlyParked.has(one));
      if (waits !== undefined) {
        parked.push({ event, key: waits, failure: undefined });
        continue;
      }
      const failure = error === undefined ? this.#writer.fold(event) : { event, error };
      if (failure === undefined) continue;
      parked.push({ event, key, failure });
      newlyParked.add(key);
    }
    return parked;
  }

  #isDiscarded(event: StoredEvent): boolean {
    return this.#options.discarded?.get(event.position) === event.id;
  }

  #keyOf(event: StoredEvent, error: unknown): { readonly key: string; readonly error: unknown } {
    try {
      return { key: this.#options.definition.orderingKey(event), error };
    } catch (thrown) {
      return { key: event.stream, error: error ?? thrown };
    }
  }
}

/**
 * Errors that come from the values a handler made: SQLSTATE classes 22 (data), 23 (constraints), 44 (check option), 54
 * (too large), P0001 (a trigger of the application refused), 21000 (two rows of one key).
 */
export function isHandlerFault(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return error instanceof DatabaseError && /^(?:22|23|44|54)|^(?:P0001|21000)$/.test(error.code ?? '');
}
