import pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { MillraceError } from '../errors.ts';
import { arrive, type Arrival } from '../consumers/batch.ts';
import { BuildApplier } from '../consumers/build-applier.ts';
import type { Lease } from '../postgres/lease.ts';
import type { RebuildProgress } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import { buildSchema, createBuild, exposeBuild, liveBuild, type Build } from './builds.ts';
import type { ProjectionDefinition } from './definition.ts';

export interface RebuildOptions {
  readonly definition: ProjectionDefinition;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly readModelsUrl: string;
  readonly lease: Lease;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly stopping: () => boolean;
}

const pageSize = 4000;
/** So close to the live build, the rest is applied while the live consumer waits. */
const closeEnough = 2000;

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
  const renewal = setInterval(() => void lease.renew(held).catch(() => undefined), 1000);
  const client = new pg.Client({
    connectionString: options.readModelsUrl,
    pipeline: true,
    application_name: `millrace rebuild ${definition.id}`,
    // What a crash loses here is built again: nothing of it is visible before the swap, which commits durably.
    options: '-c jit=off -c synchronous_commit=off -c idle_in_transaction_session_timeout=60s',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await new Rebuild(options, client).run();
  } finally {
    clearInterval(renewal);
    await client.end().catch(() => undefined);
    await lease.release(held).catch(() => undefined);
  }
}

class Rebuild {
  readonly #options: RebuildOptions;
  readonly #client: pg.Client;
  readonly #startedAt = new Date();
  readonly #start = performance.now();

  constructor(options: RebuildOptions, client: pg.Client) {
    this.#options = options;
    this.#client = client;
  }

  async run(): Promise<RebuildProgress> {
    const { definition, log } = this.#options;
    const build = await this.#prepare();
    const head = await log.head();
    const applier = new BuildApplier({
      definition,
      build,
      incarnation: head.incarnation,
      parkedKeys: [],
      discarded: await this.#discarded(),
      stamps: false,
    });
    try {
      await this.#catchUp(applier);
      const position = await this.#swap(applier);
      await this.#dropOld(build.generation);
      return this.#progress('done', position, position);
    } catch (error) {
      await this.#abandon(build).catch(() => undefined);
      if (error instanceof MillraceError) throw error;
      throw new MillraceError(
        'REBUILD_FAILED',
        `The rebuild of ${definition.id} stopped; the live read model was not touched.`,
        { cause: error },
      );
    }
  }

  async #prepare(): Promise<Build> {
    const { definition } = this.#options;
    await this.#client.query('begin');
    const last = await this.#client.query<{ generation: number }>(
      'select coalesce(max(generation), 0) as generation from projection_builds where projection_id = $1',
      [definition.id],
    );
    const generation = (last.rows[0]?.generation ?? 0) + 1;
    await createBuild(this.#client, definition, generation, 'building');
    await this.#client.query('commit');
    return { projection: definition.id, generation, position: 0, eventId: undefined, incarnation: undefined, epoch: 0 };
  }

  async #discarded(): Promise<Set<number>> {
    const result = await this.#client.query<{ position: string }>(
      `select distinct position from dead_letters where projection_id = $1 and status = 'discarded'`,
      [this.#options.definition.id],
    );
    return new Set(result.rows.map((row) => Number(row.position)));
  }

  /** Where the live build is, or the head when the log is shorter (a backup was put back). */
  async #target(): Promise<number> {
    const [live, head] = await Promise.all([
      liveBuild(this.#client, this.#options.definition.id),
      this.#options.log.head(),
    ]);
    return Math.min(live?.position ?? head.position, head.position);
  }

  async #catchUp(applier: BuildApplier): Promise<void> {
    let target = await this.#target();
    let next = this.#page(applier.position, target);
    while (target - applier.position > closeEnough) {
      if (this.#options.stopping()) throw new MillraceError('STOPPING', 'The process is shutting down.');
      const events = await next;
      const last = events.at(-1);
      if (last === undefined) throw new MillraceError('LOG_RESTORED', 'The log ends before the live read model.');
      // The next page is read while this one is written.
      next = this.#page(last.position, target);
      next.catch(() => undefined);
      await applier.apply(this.#client, this.#arrivals(events));
      if (target - applier.position <= closeEnough) target = await this.#target();
      this.#options.onProgress(this.#progress('running', applier.position, target));
      if (last.position >= target || events.length < pageSize) next = this.#page(applier.position, target);
    }
    await next;
  }

  #page(after: number, upTo: number): Promise<readonly RecordedEvent[]> {
    return this.#options.log.read({ after, upTo, limit: pageSize });
  }

  #arrivals(events: readonly RecordedEvent[]): Arrival[] {
    return events.map((event) => arrive(this.#options.registry, event, undefined, 0));
  }

  async #swap(applier: BuildApplier): Promise<number> {
    const { definition, log } = this.#options;
    const { generation } = applier.build;
    const client = this.#client;
    await client.query('begin');
    try {
      await client.query(`set local synchronous_commit = on; set local lock_timeout = '10s'`);
      const live = await liveBuild(client, definition.id, true);
      const head = await log.head();
      const target = Math.min(live?.position ?? head.position, head.position);
      while (applier.position < target) {
        await applier.applyInside(client, this.#arrivals(await this.#page(applier.position, target)));
      }
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
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
    return applier.position;
  }

  async #dropOld(generation: number): Promise<void> {
    const { definition } = this.#options;
    const old = await this.#client.query<{ generation: number }>(
      'select generation from projection_builds where projection_id = $1 and generation < $2',
      [definition.id, generation],
    );
    for (const row of old.rows) {
      await this.#client.query(`drop schema if exists ${buildSchema(definition.id, row.generation)} cascade`);
      await this.#client.query('delete from projection_builds where projection_id = $1 and generation = $2', [
        definition.id,
        row.generation,
      ]);
    }
  }

  async #abandon(build: Build): Promise<void> {
    await this.#client.query(`drop schema if exists ${buildSchema(build.projection, build.generation)} cascade`);
    await this.#client.query(
      `delete from projection_builds where projection_id = $1 and generation = $2 and state = 'building'`,
      [build.projection, build.generation],
    );
    await this.#client.query(`delete from dead_letters where projection_id = $1 and generation = $2`, [
      build.projection,
      build.generation,
    ]);
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
