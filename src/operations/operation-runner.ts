import { DatabaseError } from 'pg';
import type pg from 'pg';
import { Doorbell } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import { isHolderDead } from '../postgres/lease.ts';
import type { WakeUp } from '../postgres/wake-up.ts';
import { ClaimedOperation } from './claimed-operation.ts';
import type { OperationHandlers } from './handler.ts';
import { operationChannels, type OperationRow } from './operation-rows.ts';

export interface OperationRunnerOptions {
  readonly pool: pg.Pool;
  readonly wakeUp: WakeUp;
  readonly handlers: OperationHandlers;
  /** `host/process id/instance`, as leases have it. */
  readonly runner: string;
  readonly onError?: (error: unknown) => void;
  /** Looks for requests so often when no nudge arrives, in milliseconds. Default 1,000. */
  readonly pollingInterval?: number;
}

interface OpenRow {
  readonly id: string;
  readonly kind: string;
  readonly projection_id: string;
  readonly state: 'requested' | 'running';
  readonly lane: string | null;
  readonly runner: string | null;
  readonly token: string;
  readonly expired: boolean;
}

/**
 * Executes what is requested, in a process that may write read models: one operation at a time for a projection and
 * lane, claimed with a token that fences every later write. An operation whose runner died is taken over.
 */
export class OperationRunner {
  readonly #options: OperationRunnerOptions;
  readonly #bell = new Doorbell();
  readonly #claimed = new Map<number, { readonly operation: ClaimedOperation; readonly run: Promise<void> }>();
  readonly #stopListening: () => void;
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(options: OperationRunnerOptions) {
    this.#options = options;
    this.#stopListening = options.wakeUp.listen(operationChannels.requested, () => {
      this.#bell.ring();
      for (const { operation } of this.#claimed.values()) operation.look();
    });
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends what runs; it is taken up again by another runner, or at the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopListening();
    this.#bell.ring();
    await this.#loop;
    const reason = new MillraceError('STOPPING', 'The process is shutting down.');
    for (const { operation } of this.#claimed.values()) operation.abort(reason);
    await Promise.allSettled([...this.#claimed.values()].map(({ run }) => run));
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#claimAll();
      } catch (error) {
        this.#options.onError?.(error);
      }
      await this.#bell.wait(this.#options.pollingInterval ?? 1000);
    }
  }

  async #claimAll(): Promise<void> {
    const found = await this.#options.pool.query<OpenRow>(
      `select id, kind, projection_id, state, lane, runner, token, coalesce(runner_until < clock_timestamp(), true) as expired
       from projection_operations where state in ('requested', 'running') order by state = 'requested', id`,
    );
    const busy = new Set<string>();
    for (const row of found.rows) {
      if (this.#stopping) return;
      // A kind of which this process knows nothing is another version's.
      const lane = this.#options.handlers[row.kind]?.lane ?? row.lane;
      const place = `${row.projection_id} ${lane}`;
      if (busy.has(place)) continue;
      busy.add(place);
      if (lane !== null && (row.state === 'requested' || this.#isLeft(row))) await this.#claim(row, lane);
    }
  }

  /** Its runner is gone, or let it go. */
  #isLeft(row: OpenRow): boolean {
    if (this.#claimed.has(Number(row.id))) return false;
    return row.expired || row.runner === null || row.runner === this.#options.runner || isHolderDead(row.runner);
  }

  async #claim(open: OpenRow, lane: string): Promise<void> {
    const { pool, runner, wakeUp, handlers, onError } = this.#options;
    const handler = handlers[open.kind];
    if (handler === undefined) return;
    let claimed;
    try {
      claimed = await pool.query<OperationRow>(
        `update projection_operations set state = 'running', lane = $3, runner = $4, token = token + 1,
           runner_until = clock_timestamp() + interval '5 seconds', started_at = coalesce(started_at, clock_timestamp())
         where id = $1 and token = $2 and state in ('requested', 'running') returning *`,
        [open.id, open.token, lane, runner],
      );
    } catch (error) {
      // Another process has begun one of the same lane meanwhile.
      if (error instanceof DatabaseError && error.code === '23505') return;
      throw error;
    }
    const row = claimed.rows[0];
    if (row === undefined) return;
    const operation = new ClaimedOperation({
      pool,
      row,
      again: open.state === 'running',
      onChanged: () => wakeUp.notify(operationChannels.changed),
      ...(onError === undefined ? {} : { onError }),
    });
    const run = operation.execute(handler).finally(() => {
      this.#claimed.delete(operation.id);
      // The next one of the lane.
      this.#bell.ring();
    });
    this.#claimed.set(operation.id, { operation, run });
  }
}
