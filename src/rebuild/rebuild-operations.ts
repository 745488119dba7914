import type pg from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import type { OperationHandler, OperationHandlers, RunningOperation } from '../operations/handler.ts';
import { operationChannels } from '../operations/operation-rows.ts';
import type { WakeUp } from '../postgres/wake-up.ts';
import { rebuildProgressOf } from '../projections/rebuild-progress.ts';
import type { Operation, Operations, RebuildAction, RebuildProgress } from '../running-system.ts';
import type { BuildParts } from './build-parts.ts';
import { dropOld, goBack } from './go-back.ts';
import { rebuildProjection } from './rebuild.ts';

/** How long a control waits until the rebuild has followed it, in milliseconds. */
const followedWithin = 10_000;

type Control = Exclude<RebuildAction, 'go-back' | 'drop-old'>;

export interface RebuildOperationsOptions {
  readonly parts: readonly BuildParts[];
  readonly pool: pg.Pool;
  readonly operations: Operations;
  readonly wakeUp: WakeUp;
}

/** What a projector does when somebody asks for a rebuild, or something of one. */
export function rebuildHandlers(options: RebuildOperationsOptions): OperationHandlers {
  const builds = (run: (parts: BuildParts, operation: RunningOperation) => ReturnType<OperationHandler['run']>) => ({
    lane: 'rebuild',
    run: (operation: RunningOperation) => run(partsOf(options, operation.projection), operation),
  });
  const control = (action: Control): OperationHandler => ({
    lane: 'rebuild-control',
    run: async (operation) => {
      await ask(options, operation.projection, action);
      return null;
    },
  });
  return {
    rebuild: builds(rebuildProjection),
    'rebuild-go-back': builds(async (parts, operation) => {
      await onlyOnce(options, operation, () => goBack(parts));
      return null;
    }),
    'rebuild-drop-old': builds(async (parts) => {
      await dropOld(parts);
      return null;
    }),
    'rebuild-pause': control('pause'),
    'rebuild-resume': control('resume'),
    'rebuild-abandon': control('abandon'),
    'rebuild-confirm': control('confirm'),
  };
}

function partsOf(options: RebuildOperationsOptions, projection: string): BuildParts {
  const parts = options.parts.find((one) => one.definition.id === projection);
  if (parts === undefined) throw new MillraceError('PROJECTION_UNKNOWN', `There is no projection ${projection}.`);
  return parts;
}

/**
 * Going back twice would end where it began. The generation that was live at the first try is kept in the operation's
 * progress; when another one is live at the next try, the first one had done it.
 */
async function onlyOnce(
  { pool }: RebuildOperationsOptions,
  operation: RunningOperation,
  work: () => Promise<void>,
): Promise<void> {
  const found = await pool.query<{ from: number | null; live: number }>(
    `update projection_operations o set progress = coalesce(o.progress, jsonb_build_object('from', b.generation))
     from projection_builds b where o.id = $1 and b.projection_id = o.projection_id and b.state = 'live'
     returning (o.progress->>'from')::int as from, b.generation as live`,
    [operation.id],
  );
  const row = found.rows[0];
  if (row === undefined || row.from === row.live) await work();
}

/** Asks something of the rebuild under way, and waits until it has followed. Throws REBUILD_NOT_RUNNING. */
async function ask(options: RebuildOperationsOptions, projection: string, action: Control): Promise<void> {
  const operation = await underWay(options, projection);
  const progress = rebuildProgressOf(operation);
  const possible = {
    pause: progress.state !== 'requested',
    resume: operation.asked === 'pause',
    abandon: true,
    confirm: progress.state === 'waiting' || operation.asked === 'confirm',
  };
  if (!possible[action]) {
    throw new MillraceError(
      'REBUILD_NOT_RUNNING',
      `The rebuild of ${projection} is ${progress.state}: no ${action} now.`,
    );
  }
  await options.pool.query(
    `update projection_operations set asked = $2 where id = $1 and state in ('requested', 'running')`,
    [operation.id, action],
  );
  options.wakeUp.notify(operationChannels.requested);
  const deadline = performance.now() + followedWithin;
  while (performance.now() < deadline) {
    const now = rebuildProgressOf(await options.operations.get(operation.id));
    if (hasFollowed(action, now)) return;
    await pause(50);
  }
  throw new MillraceError('OPERATION_UNFINISHED', `The rebuild of ${projection} has not followed yet.`);
}

function hasFollowed(action: Control, { state }: RebuildProgress): boolean {
  const isOver = state === 'done' || state === 'failed' || state === 'abandoned';
  if (isOver || action === 'pause') return isOver || state === 'paused';
  return action !== 'abandon' && (action === 'resume' ? state !== 'paused' : state !== 'waiting');
}

async function underWay(options: RebuildOperationsOptions, projection: string): Promise<Operation> {
  const [operation] = await options.operations.list({ projection, kinds: ['rebuild'], open: true, limit: 1 });
  if (operation === undefined)
    throw new MillraceError('REBUILD_NOT_RUNNING', `No rebuild of ${projection} is under way.`);
  return operation;
}
