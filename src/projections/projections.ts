import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import type {
  BuildsNow,
  Operations,
  Projections,
  ProjectionStatus,
  RebuildAction,
  RebuildProgress,
  RebuildRequest,
} from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import { liveBuild, oldBuild } from './builds.ts';
import type { ProjectionDefinition } from './definition.ts';
import { rebuildProgressOf } from './rebuild-progress.ts';

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
  readonly log: EventLog;
  readonly operations: Operations;
  /** What the consumer in this process last stumbled over. */
  readonly errorOf: (projection: string) => string | null;
}

/** Behind for longer than this without a step forward counts as unhealthy, in milliseconds: progress, not liveness. */
const stuckAfter = 10_000;

/** The state of all projections, and the asking for rebuilds; `rebuild/` does them. */
export class PostgresProjections implements Projections {
  readonly #options: ProjectionsOptions;

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
           exists (select from projection_operations o where o.projection_id = b.projection_id and o.kind = 'rebuild'
              and o.state = 'running') as building,
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

  async rebuild(
    id: string,
    onProgress?: (progress: RebuildProgress) => void,
    request: Parameters<Projections['rebuild']>[2] = {},
  ): Promise<RebuildProgress> {
    this.#definition(id);
    if (request.acceptDifferences === true && (request.reason ?? '').trim() === '') {
      throw new MillraceError('REASON_REQUIRED', 'Accepting differences wants a reason.', {
        fields: [{ field: 'reason', problem: 'is empty' }],
      });
    }
    const { operations } = this.#options;
    const input = { acceptDifferences: request.acceptDifferences ?? false };
    const operation = await operations.request({ kind: 'rebuild', projection: id, input, ...asked(request) });
    const stop = onProgress === undefined ? () => undefined : this.watchRebuild(operation, onProgress);
    try {
      await operations.wait(operation, { timeoutMs: Infinity });
      return rebuildProgressOf(await operations.get(operation));
    } finally {
      stop();
    }
  }

  async rebuildProgress(id: string): Promise<RebuildProgress | undefined> {
    this.#definition(id);
    const [newest] = await this.#options.operations.list({ projection: id, kinds: ['rebuild'], limit: 1 });
    return newest === undefined ? undefined : rebuildProgressOf(newest);
  }

  watchRebuild(operation: number, onProgress: (progress: RebuildProgress) => void): () => void {
    return this.#options.operations.watch(operation, (now) => onProgress(rebuildProgressOf(now)));
  }

  async act(id: string, action: RebuildAction, request: RebuildRequest = {}): Promise<BuildsNow> {
    this.#definition(id);
    const { operations } = this.#options;
    const operation = await operations.request({ kind: `rebuild-${action}`, projection: id, ...asked(request) });
    await operations.wait(operation);
    return this.builds(id);
  }

  async builds(id: string): Promise<BuildsNow> {
    this.#definition(id);
    const { pool } = this.#options;
    const [live, old] = await asking(Promise.all([liveBuild(pool, id), oldBuild(pool, id)]));
    if (live === undefined) throw unknown(id);
    return {
      generation: live.generation,
      position: live.position,
      old:
        old === undefined
          ? null
          : {
              generation: old.build.generation,
              position: old.build.position,
              problem: old.problem ?? null,
              dropAfter: old.dropAfter,
            },
    };
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

function asked(request: RebuildRequest): { readonly actor: string; readonly reason?: string } {
  const actor = request.actor ?? 'system';
  return request.reason === undefined ? { actor } : { actor, reason: request.reason };
}

function unknown(id: string): MillraceError {
  return new MillraceError('PROJECTION_UNKNOWN', `There is no projection ${id}.`);
}
