import type pg from 'pg';
import { describeStandstill } from '../consumers/batch.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import type { HeldLease, Lease, LeaseKeeper } from '../postgres/lease.ts';
import { liveBuild, noteCode, oldBuild } from '../projections/builds.ts';
import type { Operations } from '../running-system.ts';
import { assertSameLog } from '../store/log-checkpoint.ts';
import { BuildFollower } from './build-follower.ts';
import { buildConnection, isMoved, type BuildParts } from './build-parts.ts';

export interface OldBuildsOptions {
  readonly parts: readonly BuildParts[];
  readonly pool: pg.Pool;
  readonly operations: Operations;
  readonly onError?: (error: unknown) => void;
  /** Looks for old builds, and for what is new for them, so often, in milliseconds. Default 1,000. */
  readonly interval?: number;
}

/** Keeps old builds up to date, apart from the live consumers: whatever goes wrong here stops none of them. */
export class OldBuilds {
  readonly #feeders: readonly OldBuildFeeder[];

  constructor(options: OldBuildsOptions) {
    this.#feeders = options.parts.map((parts) => new OldBuildFeeder(parts, options));
  }

  start(): void {
    for (const feeder of this.#feeders) feeder.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#feeders.map((feeder) => feeder.stop()));
  }
}

/** Follows the live position with the old build of one projection, when there is one. One process does it at a time. */
class OldBuildFeeder {
  readonly #parts: BuildParts;
  readonly #options: OldBuildsOptions;
  readonly #lease: Lease;
  readonly #ending = new Doorbell();
  #client: pg.Client | undefined;
  #follower: BuildFollower | undefined;
  #held: HeldLease | undefined;
  #keeper: LeaseKeeper | undefined;
  #failures = 0;
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(parts: BuildParts, options: OldBuildsOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#lease = parts.lease(`old-build:${parts.definition.id}`);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ending.ring();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const interval = this.#options.interval ?? 1000;
    while (!this.#stopping) {
      try {
        await this.#feed();
        this.#failures = 0;
      } catch (error) {
        await this.#failed(error);
      }
      const rest = this.#failures === 0 ? interval : Math.max(interval, backoff(this.#failures, 100, 30_000));
      if (!this.#stopping) await this.#ending.wait(rest);
    }
    await this.#letGo();
  }

  async #feed(): Promise<void> {
    const { definition, log } = this.#parts;
    const old = await oldBuild(this.#options.pool, definition.id);
    if (old === undefined) {
      if (this.#held !== undefined) await this.#letGo();
      return;
    }
    if (!(await this.#isOurs())) return;
    if (old.isDue) {
      await this.#requestDrop();
      return;
    }
    this.#client ??= await this.#connect();
    if (this.#follower?.build.generation !== old.build.generation || this.#follower.build.epoch !== old.build.epoch) {
      await assertSameLog(definition.id, old.build, log);
      await noteCode(this.#client, definition, old.build);
      this.#follower = await BuildFollower.open(this.#parts, this.#client, old.build.generation);
    }
    const live = await liveBuild(this.#client, definition.id);
    await this.#follower?.follow(live?.position ?? 0, () => {
      if (this.#stopping || this.#keeper?.held !== true) throw new MillraceError('STOPPING', 'Somebody else goes on.');
    });
    if (old.problem !== undefined) await this.#mark(null);
  }

  async #isOurs(): Promise<boolean> {
    if (this.#keeper?.held === true) return true;
    await this.#letGo();
    this.#held = await this.#lease.acquire();
    if (this.#held === undefined) return false;
    this.#keeper = this.#lease.keep(this.#held);
    return true;
  }

  async #connect(): Promise<pg.Client> {
    const client = buildConnection(this.#parts, 'old build');
    await client.connect();
    return client;
  }

  /** Like an operator: so that it is on record, and excludes a rebuild that begins at the same time. */
  async #requestDrop(): Promise<void> {
    const projection = this.#parts.definition.id;
    const reason = 'its time is over';
    try {
      await this.#options.operations.request({ kind: 'rebuild-drop-old', projection, actor: 'system', reason });
    } catch (error) {
      if (!(error instanceof MillraceError && error.code === 'REBUILD_IN_PROGRESS')) throw error;
    }
  }

  async #failed(failure: unknown): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#follower = undefined;
    await client?.end().catch(() => undefined);
    // A rebuild, a way back or a drop announces itself so.
    const moved = isMoved(failure) && this.#failures === 0;
    this.#failures++;
    if (moved || (failure instanceof MillraceError && failure.code === 'STOPPING')) return;
    this.#options.onError?.(failure);
    await this.#mark(describeStandstill(failure)).catch(() => undefined);
  }

  /** For whoever wants to go back: why that does not go, or null. */
  async #mark(problem: string | null): Promise<void> {
    await this.#options.pool.query(
      `update projection_builds set is_healthy = $2::text is null, error_message = $2 where projection_id = $1 and state = 'old'`,
      [this.#parts.definition.id, problem],
    );
  }

  async #letGo(): Promise<void> {
    const [client, held] = [this.#client, this.#held];
    this.#client = undefined;
    this.#follower = undefined;
    this.#keeper?.stop();
    this.#keeper = undefined;
    this.#held = undefined;
    await client?.end().catch(() => undefined);
    if (held !== undefined) await this.#lease.release(held).catch(() => undefined);
  }
}
