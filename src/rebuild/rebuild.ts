import { DatabaseError } from 'pg';
import type pg from 'pg';
import { describeStandstill } from '../consumers/batch.ts';
import { backoff } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import type { RunningOperation } from '../operations/handler.ts';
import { asking } from '../postgres/asking.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import { createBuild, dropBuild, liveBuild } from '../projections/builds.ts';
import { fingerprintOf } from '../projections/fingerprint.ts';
import { reportAsJson } from '../projections/rebuild-progress.ts';
import type { Json } from '../events/envelope.ts';
import type { BuildDifference } from '../running-system.ts';
import { isInLog } from '../store/log-checkpoint.ts';
import { compareBuilds, nameDifferingRows, type Comparison } from './build-comparison.ts';
import { BuildFollower } from './build-follower.ts';
import type { BuildParts } from './build-parts.ts';
import { RebuildControl } from './rebuild-control.ts';
import { RebuildLedger } from './rebuild-ledger.ts';
import { withRebuildLease } from './rebuild-lease.ts';
import { DiscardedMeanwhile, swapIn, targetOf } from './swap.ts';

/** So close to the live build, the rest is applied while the live consumer waits. */
const closeEnough = 2000;

/**
 * Builds a projection anew from the log beside the live one, compares the two and swaps. Writes go on, and readers see the
 * live build until the swap. A process that dies leaves a build that is gone on with; a database that is away is waited
 * for. Events that were discarded before are passed over again.
 */
export async function rebuildProjection(parts: BuildParts, operation: RunningOperation): Promise<Json> {
  const control = new RebuildControl(operation);
  const ledger = parts.primary ? new RebuildLedger(parts.definition.id) : undefined;
  for (let failures = 0; ;) {
    const before = control.report.position;
    try {
      await asking(
        withRebuildLease(parts, (client, keeper) =>
          new Rebuild(parts, operation, control, ledger, client, keeper).run(),
        ),
      );
      return reportAsJson(control.report);
    } catch (error) {
      if (operation.signal.aborted) throw operation.signal.reason;
      if (!isPassing(error)) {
        await dropUnfinished(parts, operation);
        throw asFailure(parts, error);
      }
      failures = control.report.position > before ? 1 : failures + 1;
      await abandonable(parts, operation, () =>
        control.stumble(describeStandstill(error), backoff(failures, 50, 5000)),
      );
    }
  }
}

/** The same may succeed later: a database is away, or another process works on the builds or did a moment ago. */
function isPassing(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code === 'MR011';
  return error instanceof MillraceError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'REBUILD_IN_PROGRESS');
}

function asFailure(parts: BuildParts, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError(
    'REBUILD_FAILED',
    `The rebuild of ${parts.definition.id} stopped (${describeStandstill(error)}); the live read model was not touched.`,
    { cause: error },
  );
}

async function abandonable(parts: BuildParts, operation: RunningOperation, wait: () => Promise<void>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'OPERATION_ABANDONED') await dropUnfinished(parts, operation);
    throw error;
  }
}

/** What cannot be removed now, the next rebuild removes. */
async function dropUnfinished(parts: BuildParts, operation: RunningOperation): Promise<void> {
  try {
    const own = `state = 'building' and operation = ${operation.id}`;
    await withRebuildLease(parts, (client) => dropBuilds(client, parts.definition.id, own));
  } catch {
    // It begins with it.
  }
}

/** Removes builds that are not live. Only for the holder of the lease. */
export async function dropBuilds(client: pg.Client, projection: string, which: string): Promise<void> {
  const left = await client.query<{ generation: number }>(
    `select generation from projection_builds where projection_id = $1 and state <> 'live' and ${which}`,
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

/** One try, on one connection and under one lease. */
class Rebuild {
  readonly #parts: BuildParts;
  readonly #operation: RunningOperation;
  readonly #control: RebuildControl;
  readonly #ledger: RebuildLedger | undefined;
  readonly #client: pg.Client;
  readonly #keeper: LeaseKeeper;

  constructor(
    parts: BuildParts,
    operation: RunningOperation,
    control: RebuildControl,
    ledger: RebuildLedger | undefined,
    client: pg.Client,
    keeper: LeaseKeeper,
  ) {
    this.#parts = parts;
    this.#operation = operation;
    this.#control = control;
    this.#ledger = ledger;
    this.#client = client;
    this.#keeper = keeper;
  }

  async run(): Promise<void> {
    for (;;) {
      const generation = await this.#generation();
      try {
        await this.#compare(await this.#caughtUp(generation));
        const position = await swapIn({
          parts: this.#parts,
          client: this.#client,
          keeper: this.#keeper,
          generation,
          ...(this.#ledger === undefined ? {} : { ledger: this.#ledger }),
          beforeTry: async () => {
            await this.#caughtUp(generation);
          },
        });
        this.#control.done(position);
        return;
      } catch (error) {
        if (!(error instanceof DiscardedMeanwhile)) throw error;
        await dropBuilds(this.#client, this.#parts.definition.id, `state = 'building'`);
      }
    }
  }

  /** The build that this operation has begun before, or a new one. What others have left is removed, the old build as well. */
  async #generation(): Promise<number> {
    const { definition } = this.#parts;
    const begun = await this.#begun();
    await dropBuilds(this.#client, definition.id, begun === undefined ? 'true' : `generation <> ${begun}`);
    if (begun !== undefined) return begun;
    this.#ledger?.beginAgainAt(0);
    await this.#client.query('begin');
    const last = await this.#client.query<{ generation: number }>(
      `select greatest((select max(generation) from projection_builds where projection_id = $1),
         (select max(generation) from dead_letters where projection_id = $1), 0) as generation`,
      [definition.id],
    );
    const generation = (last.rows[0]?.generation ?? 0) + 1;
    await createBuild(this.#client, definition, generation, 'building', this.#operation.id);
    await this.#client.query('commit');
    return generation;
  }

  async #begun(): Promise<number | undefined> {
    const { definition, log } = this.#parts;
    // The epoch goes up: a process that was only paused, and wakes up now, can apply nothing more.
    const found = await this.#client.query<{ generation: number; position: string; event_id: string | null }>(
      `update projection_builds set epoch = epoch + 1
       where projection_id = $1 and state = 'building' and operation = $2 and fingerprint = $3
       returning generation, position, event_id`,
      [definition.id, this.#operation.id, fingerprintOf(definition)],
    );
    const row = found.rows[0];
    if (row === undefined) return undefined;
    const checkpoint = { position: Number(row.position), eventId: row.event_id ?? undefined };
    const live = await liveBuild(this.#client, definition.id);
    // After a restore the ledger has to be told everything, from the beginning.
    const same = (await isInLog(checkpoint, log)) && (live === undefined || (await isInLog(live, log)));
    return same ? row.generation : undefined;
  }

  /** Brings the build close to the live one. */
  async #caughtUp(generation: number): Promise<BuildFollower> {
    const follower = await BuildFollower.open(
      this.#parts,
      this.#client,
      generation,
      this.#ledger === undefined ? {} : { onStamps: this.#ledger.add },
    );
    if (follower === undefined)
      throw new MillraceError('REBUILD_FAILED', `Somebody removed the new build of ${this.#parts.definition.id}.`);
    this.#ledger?.beginAgainAt(follower.position);
    await this.#goOn();
    let target = await this.#target();
    this.#control.at(follower.position, target);
    while (target - follower.position > closeEnough) {
      await follower.follow(target, async () => {
        this.#control.at(follower.position, target);
        await this.#goOn();
      });
      target = await this.#target();
      this.#control.at(follower.position, target);
    }
    return follower;
  }

  async #target(): Promise<number> {
    const { definition, log } = this.#parts;
    const [live, head] = await Promise.all([liveBuild(this.#client, definition.id), log.head()]);
    return targetOf(live, head.position);
  }

  async #goOn(): Promise<void> {
    await this.#control.goOn();
    if (!this.#keeper.held) {
      throw new MillraceError('REBUILD_IN_PROGRESS', 'The lease of the rebuild was lost.');
    }
  }

  /** Decides whether the new build may take the place of the live one. Throws REBUILD_DIFFERS. */
  async #compare(follower: BuildFollower): Promise<void> {
    const { definition, log } = this.#parts;
    const live = await liveBuild(this.#client, definition.id);
    // A live build of another history has nothing to be compared with.
    if (live === undefined || !(await isInLog(live, log))) return;
    const comparison = await compareBuilds(this.#parts, this.#client, follower, () => this.#control.check());
    if (comparison === undefined || comparison.differences.length === 0) return;
    const differences = await nameDifferingRows(this.#parts, this.#client, follower, comparison.differences);
    this.#control.found(differences);
    if (this.#operation.input['acceptDifferences'] === true) return;
    if (comparison.sameCode) this.#judge(comparison, differences);
    else await this.#control.untilConfirmed(async () => void (await this.#caughtUp(follower.build.generation)));
  }

  #judge(comparison: Comparison, differences: readonly BuildDifference[]): void {
    if (comparison.mends) return;
    throw new MillraceError(
      'REBUILD_DIFFERS',
      `At position ${comparison.position} the same code made another read model of ${this.#parts.definition.id} than the live one: ` +
        `${differences.map(described).join('; ')}.`,
    );
  }
}

function described(difference: BuildDifference): string {
  const { table, problem, liveRows, newRows, differingRows, keys } = difference;
  const counts = `${liveRows ?? 'no'} rows in the live one, ${newRows ?? 'no'} in the new one`;
  const which = keys.length === 0 ? '' : `, ${differingRows} differ, among them ${keys.join(', ')}`;
  return `${table}: ${problem} (${counts}${which})`;
}
