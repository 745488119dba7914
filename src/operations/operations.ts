import { DatabaseError } from 'pg';
import type pg from 'pg';
import { Doorbell } from '../doorbell.ts';
import { errorCatalogue, MillraceError, type ErrorCode } from '../errors.ts';
import type { Json } from '../events/envelope.ts';
import { asking } from '../postgres/asking.ts';
import type { WakeUp } from '../postgres/wake-up.ts';
import type { Operation, OperationRequest, Operations } from '../running-system.ts';
import { isOver, operationChannels, toOperation, type OperationRow } from './operation-rows.ts';

/** Looks at an operation so often when no nudge arrives, in milliseconds. */
const pollingInterval = 500;
/** An operation that nobody takes for so long, and no projector anywhere: the caller is told. In milliseconds. */
const takenWithin = 4000;
const defaultTimeout = 30_000;

/** The side of whoever asks; every process has it. */
export class PostgresOperations implements Operations {
  readonly #pool: pg.Pool;
  readonly #wakeUp: WakeUp;
  readonly #watchers = new Set<Doorbell>();
  readonly #stopListening: () => void;
  #closed = false;

  constructor(pool: pg.Pool, wakeUp: WakeUp) {
    this.#pool = pool;
    this.#wakeUp = wakeUp;
    this.#stopListening = wakeUp.listen(operationChannels.changed, () => this.#ring());
  }

  async request(request: OperationRequest): Promise<number> {
    try {
      const result = await asking(
        this.#pool.query<{ id: string }>('select request_operation($1, $2, $3, $4, $5) as id', [
          request.kind,
          request.projection,
          JSON.stringify(request.input ?? {}),
          request.actor,
          request.reason ?? null,
        ]),
      );
      this.#wakeUp.notify(operationChannels.requested);
      return Number(result.rows[0]?.id);
    } catch (error) {
      throw refusalOf(error, request.projection);
    }
  }

  async wait(id: number, options: { readonly timeoutMs?: number } = {}): Promise<Json> {
    const begun = performance.now();
    const timeoutMs = options.timeoutMs ?? defaultTimeout;
    for await (const operation of this.#changes(id, () => Math.max(0, begun + timeoutMs - performance.now()))) {
      if (isOver(operation)) return outcomeOf(operation);
      const waited = performance.now() - begun;
      if (operation.state === 'requested' && waited >= Math.min(takenWithin, timeoutMs)) await this.#assertProjector();
      if (waited >= timeoutMs) {
        throw new MillraceError('OPERATION_UNFINISHED', `Operation ${id} is not over after ${timeoutMs} ms.`);
      }
    }
    throw new MillraceError('STOPPING', 'The process is shutting down.');
  }

  watch(id: number, onChange: (operation: Operation) => void): () => void {
    let watching = true;
    let last = '';
    const follow = async (): Promise<void> => {
      for await (const operation of this.#changes(id, () => pollingInterval)) {
        if (!watching) return;
        const now = JSON.stringify(operation);
        if (now !== last) onChange(operation);
        last = now;
        if (isOver(operation)) return;
      }
    };
    // Whoever waits for the outcome hears what is wrong; watching only shows.
    follow().catch(() => undefined);
    return () => {
      watching = false;
    };
  }

  async get(id: number): Promise<Operation> {
    const result = await asking(
      this.#pool.query<OperationRow>('select * from projection_operations where id = $1', [id]),
    );
    const row = result.rows[0];
    if (row === undefined) throw new MillraceError('OPERATION_UNKNOWN', `There is no operation ${id}.`);
    return toOperation(row);
  }

  async list(filter: Parameters<Operations['list']>[0] = {}): Promise<Operation[]> {
    const result = await asking(
      this.#pool.query<OperationRow>(
        `select * from projection_operations
         where ($1::text is null or projection_id = $1) and ($2::text[] is null or kind = any ($2))
           and ($3::boolean is null or $3 = (state in ('requested', 'running')))
         order by id desc limit $4`,
        [filter.projection ?? null, filter.kinds ?? null, filter.open ?? null, filter.limit ?? 100],
      ),
    );
    return result.rows.map(toOperation);
  }

  /** Ends every wait with STOPPING. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#ring();
  }

  #ring(): void {
    for (const bell of this.#watchers) bell.ring();
  }

  /** The operation now, and again after every nudge and every interval. Ends when the process stops. */
  async *#changes(id: number, patience: () => number): AsyncGenerator<Operation> {
    const bell = new Doorbell();
    this.#watchers.add(bell);
    try {
      while (!this.#closed) {
        yield await this.get(id);
        await bell.wait(Math.min(pollingInterval, patience()));
      }
    } finally {
      this.#watchers.delete(bell);
    }
  }

  async #assertProjector(): Promise<void> {
    const result = await asking(
      this.#pool.query(`select 1 from leases where name like 'consumer:%' and lease_until > clock_timestamp() limit 1`),
    );
    if (result.rowCount !== 0) return;
    throw new MillraceError(
      'PROJECTOR_MISSING',
      'No process with the role projector runs. The operation stays requested.',
    );
  }
}

function refusalOf(error: unknown, projection: string): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.code === 'MR021')
    return new MillraceError(
      'REBUILD_IN_PROGRESS',
      `Projection ${projection} is being rebuilt, or its builds are swapped.`,
    );
  if (error.code === 'MR022') return new MillraceError('PROJECTION_UNKNOWN', `There is no projection ${projection}.`);
  return error;
}

function outcomeOf(operation: Operation): Json {
  const { error } = operation;
  if (error === null) return operation.result;
  const code = isErrorCode(error.code) ? error.code : 'INTERNAL_ERROR';
  throw new MillraceError(code, error.message, { fields: error.fields });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
