import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import type { Lease } from '../postgres/lease.ts';
import type { Projections, ProjectionStatus, RebuildProgress } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import type { ProjectionDefinition } from './definition.ts';
import { rebuildProjection } from './rebuild.ts';

interface StatusRow {
  readonly projection_id: string;
  readonly generation: number;
  readonly position: string;
  readonly event_id: string | null;
  readonly updated_at: Date;
  readonly building: boolean;
  readonly is_healthy: boolean;
  readonly error_message: string | null;
  readonly quiet_for: number;
  readonly parked: string;
}

export interface ProjectionsOptions {
  readonly definitions: readonly ProjectionDefinition[];
  readonly pool: pg.Pool;
  readonly readModelsUrl: string;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly lease: (projection: string) => Lease;
  /** What the consumer in this process last stumbled over. */
  readonly errorOf: (projection: string) => string | null;
}

/** Behind for longer than this without a step forward counts as unhealthy, in milliseconds: progress, not liveness. */
const stuckAfter = 10_000;

/** The state of all projections, and their rebuilds. */
export class PostgresProjections implements Projections {
  readonly #options: ProjectionsOptions;
  readonly #progress = new Map<string, RebuildProgress>();
  readonly #running = new Set<Promise<unknown>>();
  #stopping = false;

  constructor(options: ProjectionsOptions) {
    this.#options = options;
  }

  async list(): Promise<ProjectionStatus[]> {
    const { pool, log } = this.#options;
    const [result, head] = await asking(
      Promise.all([
        pool.query<StatusRow>(
          `select b.projection_id, b.generation, b.position, b.event_id, b.updated_at, b.is_healthy, b.error_message,
           extract(epoch from clock_timestamp() - b.updated_at)::float8 * 1000 as quiet_for,
           exists (select from projection_builds o where o.projection_id = b.projection_id and o.state = 'building')
             and exists (select from leases l where l.name = 'rebuild:' || b.projection_id and l.lease_until > clock_timestamp()) as building,
           (select count(*) from dead_letters d where d.projection_id = b.projection_id and d.generation = b.generation
              and d.status in ('failed', 'waiting')) as parked
         from projection_builds b where b.state = 'live' order by b.projection_id`,
        ),
        log.head(),
      ]),
    );
    return Promise.all(result.rows.map((row) => this.#status(row, head.position)));
  }

  async get(id: string): Promise<ProjectionStatus> {
    this.#definition(id);
    const status = (await this.list()).find((one) => one.id === id);
    if (status === undefined) throw unknown(id);
    return status;
  }

  async rebuild(id: string, onProgress?: (progress: RebuildProgress) => void): Promise<RebuildProgress> {
    const definition = this.#definition(id);
    if (this.#stopping) throw new MillraceError('STOPPING', 'The process is shutting down.');
    if (this.#progress.get(id)?.state === 'running') {
      throw new MillraceError('REBUILD_IN_PROGRESS', `Projection ${id} is being rebuilt.`);
    }
    const before = this.#progress.get(id);
    const note = (progress: RebuildProgress): void => {
      this.#progress.set(id, progress);
      onProgress?.(progress);
    };
    note({
      projection: id,
      state: 'running',
      position: 0,
      target: 0,
      eventsPerSecond: 0,
      secondsLeft: null,
      startedAt: new Date().toISOString(),
      error: null,
    });
    const { readModelsUrl, log, registry, lease } = this.#options;
    const run = rebuildProjection({
      definition,
      readModelsUrl,
      log,
      registry,
      lease: lease(id),
      primary: this.#options.definitions[0]?.id === id,
      onProgress: note,
      stopping: () => this.#stopping,
    });
    this.#running.add(run);
    try {
      const done = await run;
      note(done);
      return done;
    } catch (error) {
      const last = this.#progress.get(id);
      // Another process rebuilds: that is not this one's failure to show.
      if (error instanceof MillraceError && error.code === 'REBUILD_IN_PROGRESS' && before === undefined)
        this.#progress.delete(id);
      else if (last !== undefined)
        note({ ...last, state: 'failed', error: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      this.#running.delete(run);
    }
  }

  rebuildProgress(id: string): RebuildProgress | undefined {
    return this.#progress.get(id);
  }

  /** Stops rebuilds; the live read models stay as they are. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#running);
  }

  async #status(row: StatusRow, head: number): Promise<ProjectionStatus> {
    const position = Number(row.position);
    const lagMs = position < head ? await this.#lagMs(position) : 0;
    const noted = row.is_healthy ? null : (row.error_message ?? 'unhealthy');
    const error =
      position > head
        ? 'LOG_RESTORED: The log is shorter than the checkpoint.'
        : (this.#options.errorOf(row.projection_id) ?? noted);
    const stuck = lagMs > stuckAfter && row.quiet_for > stuckAfter;
    return {
      id: row.projection_id,
      generation: row.generation,
      position,
      eventId: row.event_id,
      headPosition: head,
      behind: Math.max(0, head - position),
      lagMs,
      healthy: error === null && !stuck,
      state: row.building ? 'rebuilding' : 'live',
      error,
      updatedAt: row.updated_at.toISOString(),
      parked: Number(row.parked),
    };
  }

  async #lagMs(position: number): Promise<number> {
    const [next] = await this.#options.log.read({ after: position, limit: 1 });
    return next === undefined ? 0 : Math.max(0, Date.now() - next.occurredAt);
  }

  #definition(id: string): ProjectionDefinition {
    const definition = this.#options.definitions.find((one) => one.id === id);
    if (definition === undefined) throw unknown(id);
    return definition;
  }
}

function unknown(id: string): MillraceError {
  return new MillraceError('PROJECTION_UNKNOWN', `There is no projection ${id}.`);
}
