import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { MillraceError } from '../errors.ts';
import { EventRegistry } from '../events/codec.ts';
import { newEventId } from '../events/event-id.ts';
import { ClaimedOperation } from '../operations/claimed-operation.ts';
import type { OperationRow } from '../operations/operation-rows.ts';
import { isHolderDead, Lease } from '../postgres/lease.ts';
import { isOutdated } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import type { EventLog } from '../store/store.ts';
import type { SystemDefinition } from '../system.ts';
import type { BuildParts } from './build-parts.ts';
import { rebuildProjection } from './rebuild.ts';

/** While another process makes the same read model anew, it is asked about so often, in milliseconds. */
const lookInterval = 250;
const reason = 'its tables were made by another version';

export interface RenewedSystem {
  readonly definition: SystemDefinition;
  readonly log: EventLog;
  readonly readModelsUrl: string;
}

/**
 * Makes read models anew whose tables are another version's, one after the other, as `millrace rebuild` does: beside the
 * live ones, which stay until the swap. What differs is expected, so nothing has to be confirmed; there is no way back,
 * since nobody here could keep the old tables up to date. Works without a projector. Throws REBUILD_IN_PROGRESS when
 * somebody rebuilds for another reason, and what a rebuild throws.
 */
export async function renewBuilds(
  system: RenewedSystem,
  projections: readonly ProjectionDefinition[],
  onRenewing: (projection: string) => void = () => undefined,
): Promise<void> {
  const { definition, log, readModelsUrl } = system;
  const instance = newEventId();
  const pool = new pg.Pool({ connectionString: readModelsUrl, max: 3, application_name: 'millrace renew' });
  // The next query tells.
  pool.on('error', () => undefined);
  const lease = (name: string): Lease => new Lease(pool, name, instance);
  try {
    for (const projection of projections) {
      onRenewing(projection.id);
      const registry = new EventRegistry(definition.name, definition.events);
      const primary = projection.id === definition.projections[0]?.id;
      await renew(pool, { definition: projection, log, registry, readModelsUrl, lease, primary, keepOldMs: 0 });
    }
  } finally {
    await pool.end();
  }
}

async function renew(pool: pg.Pool, parts: BuildParts): Promise<void> {
  const runner = parts.lease('operations').holder;
  while (await isOutdated(pool, parts.definition)) {
    const row = await claim(pool, parts.definition.id, runner);
    if (row === undefined) await pause(lookInterval);
    else await execute(pool, parts, row);
  }
}

/** Notes that it is done here and now, so that no projector of an earlier version takes it. Undefined when another does. */
async function claim(pool: pg.Pool, projection: string, runner: string): Promise<OperationRow | undefined> {
  const begun = await pool.query<OperationRow>(
    `insert into projection_operations
       (kind, projection_id, input, actor, reason, state, lane, runner, token, runner_until, started_at)
     values ('rebuild', $1, '{"acceptDifferences":true}', 'migration', $2, 'running', 'rebuild', $3, 1,
       clock_timestamp() + interval '5 seconds', clock_timestamp())
     on conflict do nothing returning *`,
    [projection, reason, runner],
  );
  if (begun.rows[0] !== undefined) return begun.rows[0];
  const found = await pool.query<OperationRow & { expired: boolean }>(
    `select *, coalesce(runner_until < clock_timestamp(), true) as expired from projection_operations
     where projection_id = $1 and lane = 'rebuild' and state in ('requested', 'running')
       or projection_id = $1 and state = 'requested' and kind in ('rebuild', 'rebuild-go-back', 'rebuild-drop-old')`,
    [projection],
  );
  const [other] = found.rows;
  if (other === undefined) return undefined;
  const isLeft = other.expired || other.runner === null || isHolderDead(other.runner);
  if (other.reason !== reason) {
    // A version that is gone has left it, and no projector of it will come and end it.
    const ended = await pool.query(
      `update projection_operations set state = 'abandoned', finished_at = clock_timestamp(), token = token + 1
       where id = $1 and token = $2
         and (state = 'running' and $3 or state = 'requested' and requested_at < clock_timestamp() - interval '10 seconds')`,
      [other.id, other.token, isLeft],
    );
    if (ended.rowCount === 1) return undefined;
    throw new MillraceError(
      'REBUILD_IN_PROGRESS',
      `The read model ${projection} has to be made anew, and something else is done to its builds (operation ${other.id}).`,
    );
  }
  if (!isLeft) return undefined;
  const taken = await pool.query<OperationRow>(
    `update projection_operations set runner = $3, token = token + 1, runner_until = clock_timestamp() + interval '5 seconds'
     where id = $1 and token = $2 and state = 'running' returning *`,
    [other.id, other.token, runner],
  );
  return taken.rows[0];
}

async function execute(pool: pg.Pool, parts: BuildParts, row: OperationRow): Promise<void> {
  const operation = new ClaimedOperation({ pool, row, again: Number(row.token) > 1, onChanged: () => undefined });
  await operation.execute({ lane: 'rebuild', run: (running) => rebuildProjection(parts, running) });
  const ended = await pool.query<OperationRow>('select * from projection_operations where id = $1', [row.id]);
  const { state, error_message: message } = ended.rows[0] ?? {};
  if (state === 'failed' || state === 'abandoned') {
    throw new MillraceError(
      'REBUILD_FAILED',
      `The read model ${parts.definition.id} could not be made anew${message ? `: ${message}` : ''}.`,
    );
  }
}
