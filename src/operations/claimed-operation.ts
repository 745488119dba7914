import type pg from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { backoff } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import type { Json, JsonObject } from '../events/envelope.ts';
import type { OperationHandler, RunningOperation } from './handler.ts';
import type { OperationRow } from './operation-rows.ts';

interface ClaimedOperationOptions {
  readonly pool: pg.Pool;
  readonly row: OperationRow;
  readonly again: boolean;
  /** The row was written. */
  readonly onChanged: () => void;
  readonly onError?: (error: unknown) => void;
}

interface Outcome {
  readonly state: 'done' | 'failed' | 'abandoned';
  readonly result: Json;
  readonly error: MillraceError | undefined;
}

/** The claim is prolonged so often, in milliseconds; what was asked of the operation is read along. */
const renewalInterval = 1000;
/** The runner gives up a little before others may take over, in milliseconds. */
const patience = 4500;
/** Between two writes of the progress, in milliseconds. */
const progressInterval = 250;

/** One operation that this process has claimed: its handler, its heartbeat and its progress. */
export class ClaimedOperation implements RunningOperation {
  readonly id: number;
  readonly kind: string;
  readonly projection: string;
  readonly input: JsonObject;
  readonly actor: string;
  readonly reason: string | null;
  readonly again: boolean;
  readonly #options: ClaimedOperationOptions;
  readonly #token: string;
  readonly #abort = new AbortController();
  readonly #askedListeners = new Set<() => void>();
  #asked: string | null;
  #progress: Json = null;
  #hasProgress = false;
  #writtenAt = -Infinity;
  #renewedAt = performance.now();
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClaimedOperationOptions) {
    const { row } = options;
    this.#options = options;
    this.id = Number(row.id);
    this.kind = row.kind;
    this.projection = row.projection_id;
    this.input = row.input;
    this.actor = row.actor;
    this.reason = row.reason;
    this.again = options.again;
    this.#asked = row.asked;
    this.#token = row.token;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get asked(): string | null {
    return this.#asked;
  }

  readonly onAsked = (listener: () => void): void => {
    this.#askedListeners.add(listener);
  };

  readonly report = (progress: Json): void => {
    this.#progress = progress;
    this.#hasProgress = true;
    const due = this.#writtenAt + progressInterval - performance.now();
    if (this.#writing === undefined && due <= 0) this.look();
    else this.#lookWithin(Math.max(0, due));
  };

  /** Prolongs the claim, writes progress and reads what was asked, now. */
  look(): void {
    this.#writing ??= this.#renew().finally(() => {
      this.#writing = undefined;
    });
  }

  abort(reason: MillraceError): void {
    this.#abort.abort(reason);
  }

  /** Runs the handler and writes the outcome down. Never rejects. */
  async execute(handler: OperationHandler): Promise<void> {
    const beat = setInterval(() => this.look(), renewalInterval);
    try {
      const outcome = await this.#outcomeOf(handler);
      await this.#writing;
      if (outcome === undefined) await this.#letGo();
      else await this.#finish(outcome);
    } finally {
      clearInterval(beat);
      clearTimeout(this.#timer);
      this.#options.onChanged();
    }
  }

  /** Undefined when the operation has to be run again. */
  async #outcomeOf(handler: OperationHandler): Promise<Outcome | undefined> {
    try {
      return { state: 'done', result: await handler.run(this), error: undefined };
    } catch (error) {
      if (this.signal.aborted) return undefined;
      if (error instanceof MillraceError) {
        return { state: error.code === 'OPERATION_ABANDONED' ? 'abandoned' : 'failed', result: null, error };
      }
      // Its text may tell more than an operator should read; the log has it.
      this.#options.onError?.(error);
      const hidden = new MillraceError('INTERNAL_ERROR', `The operation ${this.kind} failed.`, { cause: error });
      return { state: 'failed', result: null, error: hidden };
    }
  }

  #lookWithin(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.look();
    }, milliseconds);
  }

  async #renew(): Promise<void> {
    const begun = performance.now();
    const progress = this.#hasProgress ? JSON.stringify(this.#progress) : null;
    this.#hasProgress = false;
    try {
      const result = await this.#options.pool.query<{ asked: string | null }>(
        `update projection_operations set runner_until = clock_timestamp() + interval '5 seconds',
           progress = coalesce($3::jsonb, progress)
         where id = $1 and token = $2 and state = 'running' returning asked`,
        [this.id, this.#token, progress],
      );
      const row = result.rows[0];
      if (row === undefined) this.#lose();
      else {
        this.#renewedAt = begun;
        this.#hear(row.asked);
      }
    } catch (error) {
      this.#options.onError?.(error);
      if (performance.now() - this.#renewedAt > patience) this.#lose();
    }
    if (progress !== null) {
      this.#writtenAt = performance.now();
      this.#options.onChanged();
    }
    // Reported while this write was under way.
    if (this.#hasProgress && !this.signal.aborted) this.#lookWithin(progressInterval);
  }

  #hear(asked: string | null): void {
    if (asked === this.#asked) return;
    this.#asked = asked;
    for (const listener of this.#askedListeners) listener();
  }

  #lose(): void {
    this.#abort.abort(new MillraceError('OPERATION_UNFINISHED', 'Another process may have taken the operation over.'));
  }

  /** The outcome is written until that succeeds or somebody else has taken the operation over: then theirs counts. */
  async #finish(outcome: Outcome): Promise<void> {
    for (let failures = 0; !this.signal.aborted;) {
      try {
        await this.#options.pool.query(
          `update projection_operations set state = $3, result = $4, error_code = $5, error_message = $6, error_fields = $7,
             progress = coalesce($8::jsonb, progress), finished_at = clock_timestamp(), runner_until = null
           where id = $1 and token = $2 and state = 'running'`,
          [
            this.id,
            this.#token,
            outcome.state,
            JSON.stringify(outcome.result),
            outcome.error?.code ?? null,
            outcome.error?.message ?? null,
            outcome.error === undefined ? null : JSON.stringify(outcome.error.fields),
            this.#hasProgress ? JSON.stringify(this.#progress) : null,
          ],
        );
        return;
      } catch (error) {
        this.#options.onError?.(error);
        await pause(backoff(++failures, 100, 2000), undefined, { ref: false });
      }
    }
  }

  /** So that whoever takes it up need not wait. */
  async #letGo(): Promise<void> {
    await this.#options.pool
      .query(`update projection_operations set runner_until = '-infinity' where id = $1 and token = $2`, [
        this.id,
        this.#token,
      ])
      .catch(() => undefined);
  }
}
