import pg from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { transactInside } from '../consumers/transact.ts';
import { MillraceError } from '../errors.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import { exposeBuild, liveBuild, type Build } from '../projections/builds.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import { BuildFollower } from './build-follower.ts';
import { rebuildLease, type BuildParts } from './build-parts.ts';
import type { RebuildLedger } from './rebuild-ledger.ts';

/** How long the swap waits for readers at a time, in milliseconds, and how often; new readers and the consumer wait with it. */
const patience = 1000;
const tries = 20;

export interface SwapOptions {
  readonly parts: BuildParts;
  readonly client: pg.Client;
  readonly keeper: LeaseKeeper;
  readonly generation: number;
  /** What the ledger is told; undefined when the swap changes nothing for it. */
  readonly ledger?: RebuildLedger;
  /** Awaited before each try: brings the build close to the live one, or throws to end it. */
  readonly beforeTry: () => Promise<void>;
}

/**
 * An event that the new build has parked was discarded in the live one meanwhile. Swapped in, the new build would show
 * less than readers have seen: it is begun again, and passes over that event.
 */
export class DiscardedMeanwhile extends Error {
  override readonly name = 'DiscardedMeanwhile';
}

/**
 * Makes a build the live one and keeps the live one as the old one, at an equal position, in one transaction. Resolves
 * with that position. A reader that does not let go is waited for a while at a time: between the tries the live consumer
 * gets some air.
 */
export async function swapIn(options: SwapOptions): Promise<number> {
  const { client, parts } = options;
  for (let attempt = 1; attempt <= tries; attempt++) {
    await options.beforeTry();
    await client.query('begin');
    try {
      const position = await swap(options);
      await client.query('commit');
      return position;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      const waited = error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01');
      if (!waited) throw error;
      await pause(patience);
    }
  }
  throw new MillraceError(
    'REBUILD_FAILED',
    `Readers did not let go of the live read model of ${parts.definition.id}; it stays as it is.`,
  );
}

async function swap({ parts, client, keeper, generation, ledger }: SwapOptions): Promise<number> {
  const { definition, log } = parts;
  await client.query(`set local synchronous_commit = on; set local lock_timeout = '${patience}ms'`);
  const fence = await client.query('select 1 from leases where name = $1 and token = $2 for share', [
    rebuildLease(parts).name,
    keeper.lease.token,
  ]);
  if (fence.rowCount !== 1)
    throw new MillraceError('REBUILD_IN_PROGRESS', `Another process works on the builds of ${definition.id} now.`);
  // The consumer waits from here on, at the border of a batch.
  const live = await liveBuild(client, definition.id, true);
  const onStamps = ledger === undefined ? {} : { onStamps: ledger.add };
  const follower = await BuildFollower.open(parts, client, generation, { lock: true, ...onStamps });
  if (follower === undefined)
    throw new MillraceError('REBUILD_FAILED', `Somebody removed build ${generation} of ${definition.id}.`);
  ledger?.beginAgainAt(follower.position);
  const head = await log.head();
  const restored = live !== undefined && !(await isInLog(live, log));
  await follower.follow(targetOf(live, head.position), () => undefined, transactInside);
  if (ledger !== undefined) {
    await assertNothingDiscarded(client, definition.id, generation);
    await ledger.write(client, generation, restored);
  }
  // The epochs go up: whoever applies to either build finds out and reads anew.
  await client.query(
    `update projection_builds set state = 'old', epoch = epoch + 1, drop_after = clock_timestamp() + $2 * interval '1 millisecond'
     where projection_id = $1 and state = 'live'`,
    // What a restored log knows nothing of cannot be kept up to date.
    [definition.id, restored ? 0 : parts.keepOldMs],
  );
  await client.query(
    `update projection_builds set state = 'live', epoch = epoch + 1, operation = null, drop_after = null, is_healthy = true,
       error_message = null, updated_at = clock_timestamp()
     where projection_id = $1 and generation = $2`,
    [definition.id, generation],
  );
  await exposeBuild(client, definition, generation);
  return follower.position;
}

async function assertNothingDiscarded(client: pg.Client, projection: string, generation: number): Promise<void> {
  const outdated = await client.query(
    `select 1 from dead_letters n join dead_letters d using (projection_id, position, event_id)
     where n.projection_id = $1 and n.generation = $2 and n.status in ('failed', 'waiting') and d.status = 'discarded'
     limit 1`,
    [projection, generation],
  );
  if (outdated.rowCount !== 0) throw new DiscardedMeanwhile();
}

/** Where the live build is, or the head when the log is shorter (a backup was put back). */
export function targetOf(live: Build | undefined, head: number): number {
  return Math.min(live?.position ?? head, head);
}
