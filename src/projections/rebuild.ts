import pg, { DatabaseError } from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';
import { wallClock } from '../events/wall-clock.ts';
import { arrive, stampStatement, type Arrival, type StampRun } from '../consumers/batch.ts';
import { BuildApplier } from '../consumers/build-applier.ts';
import { transactInside } from '../consumers/transact.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import type { Lease, LeaseKeeper } from '../postgres/lease.ts';
import type { RebuildProgress } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import { buildOf, createBuild, dropBuild, exposeBuild, liveBuild, type Build } from './builds.ts';
import type { ProjectionDefinition } from './definition.ts';

export interface RebuildOptions {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly readModelsUrl: string;
  readonly lease: Lease;
  /** The projection that the lag ledger follows. */
  readonly primary: boolean;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly stopping: () => boolean;
}

const pageSize = 4000;
/** So close to the live build, the rest is applied while the live consumer waits. */
const closeEnough = 2000;
/** How long the swap waits for readers at a time, in milliseconds, and how often; new readers and the consumer wait with it. */
const swapPatience = 1000;
const swapTries = 20;

/**
 * Builds a projection anew from the log beside the live one and swaps it in. Writes go on, readers see the old build
 * until the swap, and no snapshot of the event store is held: the log is read in pages by position.
 *
 * The swap holds the live checkpoint's row, so the consumer waits at the border of a batch; both builds are then at the
 * same position. Events that were discarded before are passed over again; what is parked in the new build replaces what
 * was parked in the old one.
 */
export async function rebuildProjection(options: RebuildOptions): Promise<RebuildProgress> {
  const { definition, lease } = options;
  const held = await lease.acquire();
  if (held === undefined)
    throw new MillraceError('REBUILD_IN_PROGRESS', `Projection ${definition.id} is being rebuilt.`);
  const keeper = lease.keep(held);
  const client = connectionFor(options);
  try {
    await client.connect();
    return await new Rebuild(options, client, keeper).run();
  } catch (error) {
    await cleanUp(options, keeper);
    if (error instanceof MillraceError) throw error;
    throw new MillraceError(
      'REBUILD_FAILED',
      `The rebuild of ${definition.id} stopped; the live read model was not touched.`,
      {
        cause: error,
      },
    );
  } finally {
    keeper.stop();
    await client.end().catch(() => undefined);
    await lease.release(held).catch(() => undefined);
  }
}

function connectionFor(options: RebuildOptions): pg.Client {
  const client = new pg.Client({
    connectionString: options.readModelsUrl,
    pipeline: true,
    application_name: `millrace rebuild ${options.definition.id}`,
    // What a crash loses here is built again: nothing of it is visible before the swap, which commits durably.
    options: '-c jit=off -c synchronous_commit=off -c idle_in_transaction_session_timeout=60s',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  return client;
}

/** On a connection of its own: the other one may be what broke. What cannot be removed now, the next rebuild removes. */
async function cleanUp(options: RebuildOptions, keeper: LeaseKeeper): Promise<void> {
  // Whoever has the lease now has a build of its own.
  if (!keeper.held) return;
  const client = connectionFor(options);
  try {
    await client.connect();
    await dropLeftovers(client, options.definition.id);
  } catch {
    // The next rebuild begins with it.
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Removes every build that is not live. Only for the holder of the lease. */
async function dropLeftovers(client: pg.Client, projection: string): Promise<void> {
  const left = await client.query<{ generation: number }>(
    `select generation from projection_builds where projection_id = $1 and state <> 'live'`,
    [projection],
  );
  for (const { generation } of left.rows) {
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = '10s'`);
      await dropBuild(client, projection, generation);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
}

/**
 * An event that the new build has parked was discarded in the live one meanwhile. Swapped in, the new build would show
 * less than readers have seen: it is begun again, and passes over that event.
 */
class DiscardedMeanwhile extends Error {
  override readonly name = 'DiscardedMeanwhile';
}

class Rebuild {
  readonly #options: RebuildOptions;
  readonly #client: pg.Client;
  readonly #keeper: LeaseKeeper;
  readonly #startedAt = new Date();
  readonly #start = performance.now();
  /** When the events were applied here, for a ledger that does not know them. */
  #runs: StampRun[] = [];

  constructor(options: RebuildOptions, client: pg.Client, keeper: LeaseKeeper) {
    this.#options = options;
    this.#client = client;
    this.#keeper = keeper;
  }

  async run(): Promise<RebuildProgress> {
    const { definition } = this.#options;
    // What a killed rebuild has left.
    let position: number | undefined;
    while (position === undefined) {
      await dropLeftovers(this.#client, definition.id);
      this.#runs = [];
      const generation = await this.#prepare();
      await this.#catchUp(await this.#applier(generation));
      try {
        for (let attempt = 1; position === undefined; attempt++) position = await this.#trySwap(generation, attempt);
      } catch (error) {
        if (!(error instanceof DiscardedMeanwhile)) throw error;
      }
    }
    // Readers that still look at the old tables may take a while; then the next rebuild removes them.
    await dropLeftovers(this.#client, definition.id).catch(() => undefined);
    return this.#progress('done', position, position);
  }

  async #prepare(): Promise<number> {
    const { definition } = this.#options;
    await this.#client.query('begin');
    const last = await this.#client.query<{ generation: number }>(
      `select greatest((select max(generation) from projection_builds where projection_id = $1),
         (select max(generation) from dead_letters where projection_id = $1), 0) as generation`,
      [definition.id],
    );
    const generation = (last.rows[0]?.generation ?? 0) + 1;
    await createBuild(this.#client, definition, generation, 'building');
    await this.#client.query('commit');
    return generation;
  }

  /** Goes on with the build from where the database has it. */
  async #applier(generation: number): Promise<BuildApplier> {
    const { definition, log } = this.#options;
    const build = await buildOf(this.#client, definition.id, generation);
    if (build === undefined)
      throw new MillraceError('REBUILD_FAILED', `Somebody removed the new build of ${definition.id}.`);
    const [head, discarded, parked] = await Promise.all([
      log.head(),
      this.#client.query<{ position: string; event_id: string }>(
        `select distinct position, event_id from dead_letters where projection_id = $1 and status = 'discarded'`,
        [definition.id],
      ),
      this.#client.query<{ ordering_key: string }>(
        `select distinct ordering_key from dead_letters where projection_id = $1 and generation = $2 and status in ('failed', 'waiting')`,
        [definition.id, generation],
      ),
    ]);
    this.#runs = this.#runs.filter((run) => run.last <= build.position);
    return new BuildApplier({
      definition,
      build,
      incarnation: head.incarnation,
      parkedKeys: parked.rows.map((row) => row.ordering_key),
      discarded: new Map(discarded.rows.map((row) => [Number(row.position), row.event_id])),
      stamps: false,
      onStamps: (runs) => {
        for (const run of runs) this.#runs.push(run);
      },
    });
  }

  /** Where the live build is, or the head when the log is shorter (a backup was put back). */
  async #target(): Promise<number> {
    const [live, head] = await Promise.all([
      liveBuild(this.#client, this.#options.definition.id),
      this.#options.log.head(),
    ]);
    return targetOf(live, head.position);
  }

  async #catchUp(applier: BuildApplier): Promise<void> {
    let target = await this.#target();
    this.#options.onProgress(this.#progress('running', applier.position, target));
    while (target - applier.position > closeEnough) {
      let next = this.#page(applier.position, target);
      while (applier.position < target) {
        this.#goOn();
        const events = await next;
        const last = events.at(-1);
        if (last === undefined) throw new MillraceError('LOG_RESTORED', 'The log ends before the live read model.');
        // The next page is read while this one is written.
        next = last.position < target ? this.#page(last.position, target) : Promise.resolve([]);
        next.catch(() => undefined);
        await applier.apply(this.#client, this.#arrivals(events));
        this.#options.onProgress(this.#progress('running', applier.position, target));
      }
      target = await this.#target();
    }
  }

  /** Throws when the rebuild has to end: the process stops, or somebody else may rebuild now. */
  #goOn(): void {
    if (this.#options.stopping()) throw new MillraceError('STOPPING', 'The process is shutting down.');
    if (!this.#keeper.held) {
      throw new MillraceError('REBUILD_IN_PROGRESS', `Another process rebuilds ${this.#options.definition.id} now.`);
    }
  }

  #page(after: number, upTo: number): Promise<readonly RecordedEvent[]> {
    return this.#options.log.read({ after, upTo, limit: pageSize });
  }

  #arrivals(events: readonly RecordedEvent[]): Arrival[] {
    const now = wallClock();
    return events.map((event) => arrive(this.#options.registry, event, undefined, now));
  }

  /** Returns the position of the swap; undefined when a reader would not let go: then the consumer gets some air first. */
  async #trySwap(generation: number, attempt: number): Promise<number | undefined> {
    this.#goOn();
    const applier = await this.#applier(generation);
    await this.#catchUp(applier);
    await this.#client.query('begin');
    try {
      await this.#swap(applier);
      await this.#client.query('commit');
      return applier.position;
    } catch (error) {
      await this.#client.query('rollback').catch(() => undefined);
      const waited = error instanceof DatabaseError && (error.code === '55P03' || error.code === '40P01');
      if (!waited || attempt >= swapTries) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, swapPatience);
      });
      return undefined;
    }
  }

  async #swap(applier: BuildApplier): Promise<void> {
    const { definition, lease, log } = this.#options;
    const { generation } = applier.build;
    const client = this.#client;
    await client.query(`set local synchronous_commit = on; set local lock_timeout = '${swapPatience}ms'`);
    const fence = await client.query('select 1 from leases where name = $1 and token = $2 for share', [
      lease.name,
      this.#keeper.lease.token,
    ]);
    if (fence.rowCount !== 1)
      throw new MillraceError('REBUILD_IN_PROGRESS', `Another process rebuilds ${definition.id} now.`);
    const live = await liveBuild(client, definition.id, true);
    const head = await log.head();
    const restored = live !== undefined && !(await isInLog(live, log));
    const target = targetOf(live, head.position);
    while (applier.position < target) {
      const events = await this.#page(applier.position, target);
      if (events.length === 0) throw new MillraceError('LOG_RESTORED', 'The log ends before the live read model.');
      await applier.apply(client, this.#arrivals(events), transactInside);
    }
    const outdated = await client.query(
      `select 1 from dead_letters n join dead_letters d using (projection_id, position, event_id)
       where n.projection_id = $1 and n.generation = $2 and n.status in ('failed', 'waiting') and d.status = 'discarded'
       limit 1`,
      [definition.id, generation],
    );
    if (outdated.rowCount !== 0) throw new DiscardedMeanwhile();
    await this.#stamp(restored);
    await client.query(`update projection_builds set state = 'old' where projection_id = $1 and state = 'live'`, [
      definition.id,
    ]);
    await client.query(
      `update projection_builds set state = 'live', epoch = epoch + 1, updated_at = clock_timestamp()
       where projection_id = $1 and generation = $2`,
      [definition.id, generation],
    );
    await client.query(
      `update dead_letters set status = 'rebuilt', resolved_at = clock_timestamp()
       where projection_id = $1 and generation <> $2 and status in ('failed', 'waiting')`,
      [definition.id, generation],
    );
    await exposeBuild(client, definition, generation);
  }

  /**
   * Tells the ledger what this rebuild has changed for it: events that were parked in the old build and are not any
   * more. After a restore the ledger may lack anything, so it is told everything; what it knows it passes over.
   */
  async #stamp(restored: boolean): Promise<void> {
    const { definition, primary } = this.#options;
    if (!primary) return;
    let runs: readonly StampRun[] = this.#runs;
    if (restored) await this.#client.query('delete from lag_stamps where projection_id = $1', [definition.id]);
    else {
      const parked = await this.#client.query<{ position: string; event_id: string }>(
        `select d.position, d.event_id from dead_letters d
         join projection_builds b on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'
         where d.projection_id = $1 and d.status in ('failed', 'waiting') order by d.position`,
        [definition.id],
      );
      runs = parked.rows.flatMap((row) => {
        const position = Number(row.position);
        const run = this.#runs.find((one) => one.first <= position && position <= one.last);
        return run === undefined ? [] : [{ ...run, first: position, last: position, lastEvent: row.event_id }];
      });
    }
    for (let at = 0; at < runs.length; at += 1000) {
      await this.#client.query(stampStatement(definition.id, runs.slice(at, at + 1000), wallClock()));
    }
  }

  #progress(state: RebuildProgress['state'], position: number, target: number): RebuildProgress {
    const seconds = (performance.now() - this.#start) / 1000;
    const eventsPerSecond = seconds > 0 ? position / seconds : 0;
    return {
      projection: this.#options.definition.id,
      state,
      position,
      target,
      eventsPerSecond: Math.round(eventsPerSecond),
      secondsLeft:
        state === 'done' ? 0 : eventsPerSecond > 0 ? Math.round((target - position) / eventsPerSecond) : null,
      startedAt: this.#startedAt.toISOString(),
      error: null,
    };
  }
}

function targetOf(live: Build | undefined, head: number): number {
  return Math.min(live?.position ?? head, head);
}
