import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import { wallClock } from '../events/wall-clock.ts';
import { MillraceError } from '../errors.ts';
import { buildSchema, liveBuild, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { ProjectionWriter } from '../projections/projection-writer.ts';
import type { DeadLetter, DeadLetters } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import { arrive, describeFailure, stampStatement } from './batch.ts';
import { isHandlerFault } from './build-applier.ts';

interface LetterRow {
  readonly id: string;
  readonly projection_id: string;
  readonly ordering_key: string;
  readonly position: string;
  readonly event_id: string;
  readonly event_name: string;
  readonly status: DeadLetter['status'];
  readonly error: string | null;
  readonly attempts: number;
  readonly first_failed_at: Date;
  readonly last_failed_at: Date;
  readonly reason: string | null;
  readonly actor: string | null;
}

/** Parked events: shown, retried in order, or given up with a reason. */
export class PostgresDeadLetters implements DeadLetters {
  readonly #pool: pg.Pool;
  readonly #log: EventLog;
  readonly #registry: EventRegistry;
  readonly #definitions: ReadonlyMap<string, ProjectionDefinition>;

  constructor(pool: pg.Pool, log: EventLog, registry: EventRegistry, definitions: readonly ProjectionDefinition[]) {
    this.#pool = pool;
    this.#log = log;
    this.#registry = registry;
    this.#definitions = new Map(definitions.map((definition) => [definition.id, definition]));
  }

  async list(filter: { projection?: string; open?: boolean; limit?: number } = {}): Promise<DeadLetter[]> {
    const result = await this.#pool.query<LetterRow>(
      `select d.* from dead_letters d
       where ($1::text is null or d.projection_id = $1)
         and (not $2::boolean or (d.status in ('failed', 'waiting') and exists (
           select from projection_builds b where b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live')))
       order by d.projection_id, d.ordering_key, d.position limit $3`,
      [filter.projection ?? null, filter.open ?? true, filter.limit ?? 100],
    );
    return result.rows.map(toLetter);
  }

  async count(): Promise<number> {
    const result = await this.#pool.query<{ count: string }>(
      `select count(*) as count from dead_letters d
       join projection_builds b on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'
       where d.status in ('failed', 'waiting')`,
    );
    return Number(result.rows[0]?.count ?? 0);
  }

  retry(id: number, actor: string): Promise<{ readonly applied: number; readonly left: number }> {
    return this.#withLetter(id, (work) => this.#drain(work, actor));
  }

  discard(id: number, actor: string, reason: string): Promise<{ readonly applied: number; readonly left: number }> {
    if (reason.trim() === '') {
      return Promise.reject(
        new MillraceError('REASON_REQUIRED', 'Discarding an event wants a reason.', {
          fields: [{ field: 'reason', problem: 'is empty' }],
        }),
      );
    }
    return this.#withLetter(id, async (work) => {
      const first = work.letters[0];
      if (first === undefined || Number(first.id) !== id) {
        throw new MillraceError(
          'DEAD_LETTER_NOT_FIRST',
          'An earlier event of the same ordering key is parked; it goes first.',
        );
      }
      await work.client.query(
        `update dead_letters set status = 'discarded', actor = $2, reason = $3, resolved_at = clock_timestamp() where id = $1`,
        [id, actor, reason],
      );
      return this.#drain({ ...work, letters: work.letters.slice(1) }, actor);
    });
  }

  /**
   * Holds the checkpoint's row, so that the live consumer waits, and hands over the open letters of one key. The epoch
   * goes up: the consumer then drops what it holds in memory and reads the parked keys again.
   */
  async #withLetter<Result>(id: number, work: (work: KeyWork) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect();
    try {
      await client.query('begin');
      const startedAt = wallClock();
      const found = await client.query<LetterRow & { generation: number }>('select * from dead_letters where id = $1', [
        id,
      ]);
      const letter = found.rows[0];
      const definition = letter === undefined ? undefined : this.#definitions.get(letter.projection_id);
      if (letter === undefined || definition === undefined) throw unknown(id);
      const build = await liveBuild(client, letter.projection_id, true);
      if (build === undefined || build.generation !== letter.generation) throw unknown(id);
      const open = await client.query<LetterRow>(
        `select * from dead_letters where projection_id = $1 and generation = $2 and ordering_key = $3
         and status in ('failed', 'waiting') order by position`,
        [build.projection, build.generation, letter.ordering_key],
      );
      if (!open.rows.some((row) => Number(row.id) === id)) throw unknown(id);
      const result = await work({ client, definition, build, letters: open.rows, startedAt });
      await client.query(
        'update projection_builds set epoch = epoch + 1 where projection_id = $1 and generation = $2',
        [build.projection, build.generation],
      );
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Applies letters in order, each with its own savepoint, until one fails. */
  async #drain(work: KeyWork, actor: string): Promise<{ readonly applied: number; readonly left: number }> {
    const writer = new ProjectionWriter(work.definition, buildSchema(work.definition.id, work.build.generation));
    let applied = 0;
    for (const letter of work.letters) {
      const error = await this.#applyLetter(work, writer, letter);
      if (error !== undefined) {
        await work.client.query(
          `update dead_letters set status = 'failed', attempts = attempts + 1, error = $2, last_failed_at = clock_timestamp(),
           actor = $3 where id = $1`,
          [letter.id, describeFailure(error), actor],
        );
        break;
      }
      await work.client.query(
        `update dead_letters set status = 'retried', attempts = attempts + 1, actor = $2, resolved_at = clock_timestamp() where id = $1`,
        [letter.id, actor],
      );
      applied++;
    }
    return { applied, left: work.letters.length - applied };
  }

  /** Returns why it failed, or undefined. */
  async #applyLetter(work: KeyWork, writer: ProjectionWriter, letter: LetterRow): Promise<unknown> {
    const position = Number(letter.position);
    const [record] = await this.#log.read({ after: position - 1, upTo: position, limit: 1 });
    if (record === undefined) throw new MillraceError('LOG_RESTORED', `The log has no event at position ${position}.`);
    const receivedAt = wallClock();
    const arrival = arrive(this.#registry, record, undefined, receivedAt);
    if (arrival.undecodable !== undefined) return arrival.undecodable;
    await work.client.query('savepoint letter');
    try {
      await writer.load([arrival.event], (query) => work.client.query(query));
      const failure = writer.fold(arrival.event);
      if (failure !== undefined) return failure.error;
      for (const query of writer.writes()) await work.client.query(query);
    } catch (error) {
      writer.forget();
      await work.client.query('rollback to savepoint letter');
      if (!isHandlerFault(error)) throw error;
      return error;
    }
    writer.committed();
    const run = { first: position, last: position, handedAt: undefined, receivedAt, status: 'PROCESSED' as const };
    await work.client.query(stampStatement(work.definition.id, [run], work.startedAt));
    return undefined;
  }
}

interface KeyWork {
  readonly client: pg.PoolClient;
  readonly definition: ProjectionDefinition;
  readonly build: Build;
  readonly letters: readonly LetterRow[];
  /** This process's clock when the transaction began. */
  readonly startedAt: number;
}

function unknown(id: number): MillraceError {
  return new MillraceError('DEAD_LETTER_UNKNOWN', `There is no open dead letter ${id}.`);
}

function toLetter(row: LetterRow): DeadLetter {
  return {
    id: Number(row.id),
    projection: row.projection_id,
    orderingKey: row.ordering_key,
    position: Number(row.position),
    eventId: row.event_id,
    eventName: row.event_name,
    status: row.status,
    error: row.error,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at.toISOString(),
    lastFailedAt: row.last_failed_at.toISOString(),
    reason: row.reason,
    actor: row.actor,
  };
}
