import pg from 'pg';
import type { StoredEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { buildSchema, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { ProjectionWriter, type HandlerFailure } from '../projections/projection-writer.ts';
import { parkStatement, stampRuns, stampStatement, type Arrival, type ArrivalStatus } from './batch.ts';
import { transact } from './transact.ts';

interface Parked {
  readonly event: StoredEvent;
  readonly key: string;
  readonly failure: HandlerFailure | undefined;
}

export interface BuildApplierOptions {
  readonly definition: ProjectionDefinition;
  readonly build: Build;
  readonly incarnation: string;
  /** Ordering keys that are parked already. */
  readonly parkedKeys: Iterable<string>;
  /** Positions that were discarded: passed over. */
  readonly discarded?: ReadonlySet<number>;
  /** Write stamps for the ledger. A rebuild does not: the events were processed before. */
  readonly stamps: boolean;
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

  constructor(options: BuildApplierOptions) {
    this.#options = options;
    this.build = options.build;
    this.#position = options.build.position;
    this.#parkedKeys = new Set(options.parkedKeys);
    this.#writer = new ProjectionWriter(
      options.definition,
      buildSchema(options.definition.id, options.build.generation),
    );
  }

  /** The checkpoint: everything up to here is in effect, parked or discarded. */
  get position(): number {
    return this.#position;
  }

  /** Applies arrivals that follow the checkpoint without a gap. Throws what is no handler's fault; then start anew. */
  async apply(client: pg.Client, arrivals: readonly Arrival[]): Promise<void> {
    if (arrivals.length === 0) return;
    try {
      await this.#applyTogether(client, arrivals, undefined, transact);
    } catch (error) {
      this.#writer.forget();
      if (!isHandlerFault(error)) throw error;
      // The database refused something that a handler made. One at a time, so that only the guilty one is parked.
      for (const arrival of arrivals) await this.#applyAlone(client, arrival);
    }
  }

  /** The same inside a transaction that the caller has opened: any refusal of the database is thrown. */
  async applyInside(client: pg.Client, arrivals: readonly Arrival[]): Promise<void> {
    if (arrivals.length === 0) return;
    await this.#applyTogether(client, arrivals, undefined, async (inner, queries) => {
      for (const query of queries) await inner.query(query);
    });
  }

  async #applyAlone(client: pg.Client, arrival: Arrival): Promise<void> {
    try {
      await this.#applyTogether(client, [arrival], undefined, transact);
    } catch (error) {
      this.#writer.forget();
      if (!isHandlerFault(error)) throw error;
      await this.#applyTogether(client, [arrival], error, transact);
    }
  }

  async #applyTogether(
    client: pg.Client,
    arrivals: readonly Arrival[],
    refusal: unknown,
    run: (client: pg.Client, queries: readonly pg.QueryConfig[]) => Promise<void>,
  ): Promise<void> {
    const last = arrivals.at(-1);
    if (last === undefined) return;
    const { build } = this;
    const { definition, discarded, incarnation, stamps } = this.#options;
    const readable = arrivals.filter((arrival) => arrival.undecodable === undefined).map((arrival) => arrival.event);
    await this.#writer.load(readable, (query) => client.query(query));

    const parked: Parked[] = [];
    const newlyParked = new Set<string>();
    for (const { event, undecodable } of arrivals) {
      if (discarded?.has(event.position) === true) continue;
      const key = undecodable === undefined ? definition.orderingKey(event) : event.stream;
      if (this.#parkedKeys.has(key) || newlyParked.has(key)) {
        parked.push({ event, key, failure: undefined });
        continue;
      }
      const error = refusal ?? undecodable;
      const failure = error === undefined ? this.#writer.fold(event) : { event, error };
      if (failure === undefined) continue;
      parked.push({ event, key, failure });
      newlyParked.add(key);
    }

    const queries = this.#writer.writes();
    if (parked.length > 0) queries.push(parkStatement(build, parked));
    queries.push({
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
    });
    if (stamps) {
      const statuses = new Map<number, ArrivalStatus>(
        parked.map((one) => [one.event.position, one.failure === undefined ? 'PUBLISHED' : 'FAILED']),
      );
      const runs = stampRuns(arrivals, (position) => statuses.get(position) ?? 'PROCESSED');
      queries.push(stampStatement(build.projection, runs, wallClock()));
    }
    await run(client, queries);
    this.#writer.committed();
    for (const key of newlyParked) this.#parkedKeys.add(key);
    this.#position = last.event.position;
  }
}

/** Errors that come from the values a handler made: data exceptions and constraint violations. */
export function isHandlerFault(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return (
    error instanceof pg.DatabaseError &&
    (error.code?.startsWith('22') === true || error.code?.startsWith('23') === true)
  );
}
