import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import { wallClock } from '../events/wall-clock.ts';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import { buildSchema, liveBuild, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { ProjectionWriter } from '../projections/projection-writer.ts';
import type { DeadLetter, DeadLetters } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import { arrive, describeFailure, stampStatement, type Arrival } from './batch.ts';
import { isHandlerFault } from './build-applier.ts';

interface LetterRow {
  readonly id: string;
  readonly generation: number;
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
  /** The projection that the lag ledger follows. */
  readonly #primary: string;

  constructor(pool: pg.Pool, log: EventLog, registry: EventRegistry, definitions: readonly ProjectionDefinition[]) {
    this.#pool = pool;
    this.#log = log;
    this.#registry = registry;
    this.#primary = definitions[0]?.id ?? '';
    this.#definitions = new Map(definitions.map((definition) => [definition.id, definition]));
  }

  async list(filter: { projection?: string; open?: boolean; limit?: number } = {}): Promise<DeadLetter[]> {
    const result = await this.#ask<LetterRow>(
      `select d.* from dead_letters d
       where ($1::text is null or d.projection_id = $1)
         and $2::boolean = (d.status in ('failed', 'waiting') and exists (
           select from projection_builds b where b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'))
       order by d.projection_id, d.ordering_key, d.position limit $3`,
      [filter.projection ?? null, filter.open ?? true, filter.limit ?? 100],
    );
    return result.rows.map(toLetter);
  }

  async count(): Promise<number> {
    const result = await this.#ask<{ count: string }>(
      `select count(*) as count from dead_letters d
       join projection_builds b on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'
       where d.status in ('failed', 'waiting')`,
    );
    return Number(result.rows[0]?.count ?? 0);
  }

  #ask<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
    return asking(this.#pool.query<Row>(sql, values));
  }

  async retry(id: number, actor: string): Promise<Drained> {
    const letter = await this.#open(id);
    return this.#drainKey(letter, actor, 0);
  }

  async discard(id: number, actor: string, reason: string): Promise<Drained> {
    if (reason.trim() === '') {
      throw new MillraceError('REASON_REQUIRED', 'Discarding an event wants a reason.', {
        fields: [{ field: 'reason', problem: 'is empty' }],
      });
    }
    const letter = await this.#open(id);
    const first = await this.#withKey(letter, async (work) => {
      if (Number(work.letters[0]?.id) !== id) {
        if (!work.letters.some((one) => Number(one.id) === id)) throw unknown(id);
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
    // A rebuild has replaced the build meanwhile: nothing was discarded, and the letter is another one now.
    if (first === undefined) throw unknown(id);
    return first.stopped ? { applied: first.applied, left: first.left } : this.#drainKey(letter, actor, first.applied);
  }

  /** Drains a key a piece at a time, so that the live consumer never waits long for its checkpoint. */
  async #drainKey(letter: LetterRow, actor: string, appliedBefore: number): Promise<Drained> {
    let applied = appliedBefore;
    for (;;) {
      const piece = await this.#withKey(letter, (work) => this.#drain(work, actor));
      // A rebuild has replaced the build meanwhile; what was applied to the old one does not count any more.
      if (piece === undefined) throw unknown(Number(letter.id));
      applied += piece.applied;
      if (piece.stopped || piece.applied === 0) return { applied, left: piece.left };
    }
  }

  async #open(id: number): Promise<LetterRow> {
    const found = await this.#ask<LetterRow>(
      `select d.* from dead_letters d join projection_builds b
         on b.projection_id = d.projection_id and b.generation = d.generation and b.state = 'live'
       where d.id = $1 and d.status in ('failed', 'waiting')`,
      [id],
    );
    const letter = found.rows[0];
    if (letter === undefined || !this.#definitions.has(letter.projection_id)) throw unknown(id);
    return letter;
  }

  /**
   * Holds the checkpoint's row, so that the live consumer waits, and hands over the first open letters of one key. The
   * epoch goes up: the consumer then drops what it holds in memory and reads the parked keys again. Undefined when a
   * rebuild has replaced the build meanwhile.
   */
  async #withKey(letter: LetterRow, work: (work: KeyWork) => Promise<Piece>): Promise<Piece | undefined> {
    const definition = this.#definitions.get(letter.projection_id);
    if (definition === undefined) throw unknown(Number(letter.id));
    const client = await asking(this.#pool.connect());
    try {
      await client.query('begin');
      const build = await liveBuild(client, letter.projection_id, true);
      // After the lock: what the transaction has waited for it is no part of the processing.
      const startedAt = await startOf(client);
      if (build === undefined || build.generation !== letter.generation) {
        await client.query('rollback');
        return undefined;
      }
      const open = await client.query<LetterRow>(
        `select * from dead_letters where projection_id = $1 and generation = $2 and ordering_key = $3
         and status in ('failed', 'waiting') order by position limit $4`,
        [build.projection, build.generation, letter.ordering_key, lettersAtOnce],
      );
      const piece = await work({ client, definition, build, letters: open.rows, startedAt });
      const left = await client.query<{ count: string }>(
        `select count(*) as count from dead_letters where projection_id = $1 and generation = $2 and ordering_key = $3
         and status in ('failed', 'waiting')`,
        [build.projection, build.generation, letter.ordering_key],
      );
      await client.query(
        'update projection_builds set epoch = epoch + 1 where projection_id = $1 and generation = $2',
        [build.projection, build.generation],
      );
      await client.query('commit');
      return { ...piece, left: Number(left.rows[0]?.count ?? 0) };
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Applies letters in order, each with its own savepoint, until one fails. */
  async #drain(work: KeyWork, actor: string): Promise<Piece> {
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
        return { applied, left: 0, stopped: true };
      }
      await work.client.query(
        `update dead_letters set status = 'retried', attempts = attempts + 1, actor = $2, resolved_at = clock_timestamp() where id = $1`,
        [letter.id, actor],
      );
      applied++;
    }
    return { applied, left: 0, stopped: false };
  }

  /** Returns why it failed, or undefined. */
  async #applyLetter(work: KeyWork, writer: ProjectionWriter, letter: LetterRow): Promise<unknown> {
    const position = Number(letter.position);
    const [record] = await this.#log.read({ after: position - 1, upTo: position, limit: 1 });
    if (record === undefined) throw new MillraceError('LOG_RESTORED', `The log has no event at position ${position}.`);
    if (record.id !== letter.event_id)
      throw new MillraceError('LOG_RESTORED', `The log has another event at position ${position}.`);
    const receivedAt = wallClock();
    const arrival = arrive(this.#registry, record, undefined, receivedAt);
    const error = await this.#effect(work, writer, arrival);
    if (work.definition.id === this.#primary) {
      const status = error === undefined ? ('PROCESSED' as const) : ('FAILED' as const);
      const run = { first: position, last: position, lastEvent: record.id, handedAt: undefined, receivedAt, status };
      await work.client.query(stampStatement(work.definition.id, [run], work.startedAt));
    }
    return error;
  }

  async #effect(work: KeyWork, writer: ProjectionWriter, arrival: Arrival): Promise<unknown> {
    if (arrival.undecodable !== undefined) return arrival.undecodable;
    await work.client.query('savepoint letter');
    try {
      await writer.load([arrival.event], (query) => work.client.query(query));
      const failure = writer.fold(arrival.event);
      if (failure !== undefined) {
        await work.client.query('release savepoint letter');
        return failure.error;
      }
      for (const query of writer.writes()) await work.client.query(query);
      await work.client.query('release savepoint letter');
    } catch (error) {
      writer.forget();
      await work.client.query('rollback to savepoint letter');
      if (!isHandlerFault(error)) throw error;
      return error;
    }
    writer.committed();
    return undefined;
  }
}

/** Letters that are applied in one transaction at most. */
const lettersAtOnce = 500;

interface Drained {
  readonly applied: number;
  readonly left: number;
}

interface Piece extends Drained {
  /** One of them failed again. */
  readonly stopped: boolean;
}

/** This process's clock at the time that the server calls the transaction's beginning. */
async function startOf(client: pg.PoolClient): Promise<number> {
  const result = await client.query<{ since: number }>(
    `select (extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::float8 as since`,
  );
  return wallClock() - (result.rows[0]?.since ?? 0);
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
