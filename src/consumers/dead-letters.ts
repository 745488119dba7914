import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import { asking } from '../postgres/asking.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { defaultRetrySchedule } from '../retry-schedule.ts';
import type {
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetters,
  Drained,
  RetriedKeys,
} from '../running-system.ts';
import { MillraceError } from '../errors.ts';
import type { EventLog } from '../store/store.ts';
import type { Tracing } from '../tracing.ts';
import type { DueLetters } from './due-retries.ts';
import { KeyDrain, type DrainOrder } from './key-drain.ts';
import {
  conditionsOf,
  isOpen,
  ofLiveBuild,
  requireReason,
  toLetter,
  unknownLetter,
  type LetterRow,
} from './letter-rows.ts';

export interface DeadLetterOptions {
  /** Pauses before the next attempt, in milliseconds. Default: 30 s, 2 min, 30 min, 1 h. */
  readonly retrySchedule?: readonly number[];
  readonly tracing?: Tracing | undefined;
}

/** Who retries when nobody asked for it. */
const scheduleActor = 'schedule';

/** Parked events: shown, retried in order, or given up with a reason. */
export class PostgresDeadLetters implements DeadLetters, DueLetters {
  readonly #pool: pg.Pool;
  readonly #definitions: ReadonlyMap<string, ProjectionDefinition>;
  readonly #drain: KeyDrain;

  constructor(
    pool: pg.Pool,
    log: EventLog,
    registry: EventRegistry,
    definitions: readonly ProjectionDefinition[],
    options: DeadLetterOptions = {},
  ) {
    this.#pool = pool;
    this.#definitions = new Map(definitions.map((definition) => [definition.id, definition]));
    this.#drain = new KeyDrain({
      pool,
      log,
      registry,
      definitions: this.#definitions,
      primary: definitions[0]?.id ?? '',
      retrySchedule: options.retrySchedule ?? defaultRetrySchedule,
      tracing: options.tracing,
    });
  }

  async list(filter: DeadLetterFilter = {}): Promise<DeadLetter[]> {
    const { sql, values } = conditionsOf(filter);
    const limit = `$${values.push(filter.limit ?? 100)}`;
    const result = await this.#ask<LetterRow>(
      `select d.* from dead_letters d where ${sql} order by d.id limit ${limit}`,
      values,
    );
    return result.rows.map(toLetter);
  }

  async get(id: number): Promise<DeadLetterDetail> {
    const found = await this.#ask<LetterRow & { behind: string; first: string | null }>(
      `select d.*,
         (select count(*) from dead_letters o where ${ofSameKey} and o.position > d.position) as behind,
         (select o.id from dead_letters o where ${ofSameKey} order by o.position limit 1) as first
       from dead_letters d where d.id = $1`,
      [id],
    );
    const row = found.rows[0];
    if (row === undefined) throw new MillraceError('DEAD_LETTER_UNKNOWN', `There is no dead letter ${id}.`);
    return { ...toLetter(row), behind: Number(row.behind), first: row.first === null ? null : Number(row.first) };
  }

  async count(): Promise<number> {
    const result = await this.#ask<{ count: string }>(
      `select count(*) as count from dead_letters d ${ofLiveBuild} where ${isOpen}`,
    );
    return Number(result.rows[0]?.count ?? 0);
  }

  async retry(id: number, actor: string, reason?: string): Promise<Drained> {
    return this.#drain.drain(await this.#open(id), orderOf(actor, reason));
  }

  /** `report` hears after each key. */
  async retryAll(
    group: DeadLetterGroup,
    actor: string,
    reason?: string,
    report?: (progress: RetriedKeys) => void,
  ): Promise<RetriedKeys> {
    let progress: RetriedKeys = { keys: 0, applied: 0, failedAgain: 0 };
    for (const letter of await this.#firstLetters(group)) {
      const drained = await this.#drainIfThere(letter, orderOf(actor, reason));
      if (drained === undefined) continue;
      progress = {
        keys: progress.keys + 1,
        applied: progress.applied + drained.applied,
        failedAgain: progress.failedAgain + (drained.left > 0 ? 1 : 0),
      };
      report?.(progress);
    }
    return progress;
  }

  async discard(id: number, actor: string, reason: string): Promise<Drained> {
    const said = requireReason(reason, 'Discarding an event');
    return this.#drain.discard(await this.#open(id), { actor, reason: said });
  }

  async nextDue(projection: string): Promise<number | undefined> {
    const result = await this.#ask<{ wait: number }>(
      `select (extract(epoch from d.next_attempt_at - clock_timestamp()) * 1000)::float8 as wait
       from dead_letters d ${ofLiveBuild} where d.projection_id = $1 and d.next_attempt_at is not null and ${isOpen}
       order by d.next_attempt_at limit 1`,
      [projection],
    );
    return result.rows[0]?.wait;
  }

  async retryDue(projection: string): Promise<boolean> {
    const due = await this.#ask<LetterRow>(
      `select d.* from dead_letters d ${ofLiveBuild} where d.projection_id = $1 and d.next_attempt_at <= clock_timestamp()
         and ${isOpen} order by d.next_attempt_at limit 1`,
      [projection],
    );
    const letter = due.rows[0];
    if (letter === undefined) return false;
    const drained = await this.#drainIfThere(letter, { actor: scheduleActor, reason: null, onlyDue: true });
    if (drained === undefined || drained.applied > 0) return true;
    // Failed again, with a later attempt written down; or not tried at all.
    const still = await this.#ask('select 1 from dead_letters where id = $1 and next_attempt_at = $2', [
      letter.id,
      letter.next_attempt_at,
    ]);
    return still.rowCount === 0;
  }

  /** The first open letter of each parked key of a group. */
  async #firstLetters(group: DeadLetterGroup): Promise<LetterRow[]> {
    const { sql, values } = conditionsOf({ ...group, open: true });
    const found = await this.#ask<LetterRow>(
      `select d.* from dead_letters d where ${sql} and not exists (
         select from dead_letters o where ${ofSameKey} and o.position < d.position)
       order by d.id`,
      values,
    );
    return found.rows.filter((row) => this.#definitions.has(row.projection_id));
  }

  /** Undefined when a rebuild has replaced the build meanwhile: what was parked there is parked no more. */
  async #drainIfThere(letter: LetterRow, order: DrainOrder): Promise<Drained | undefined> {
    try {
      return await this.#drain.drain(letter, order);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'DEAD_LETTER_UNKNOWN') return undefined;
      throw error;
    }
  }

  #ask<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
    return asking(this.#pool.query<Row>(sql, values));
  }

  async #open(id: number): Promise<LetterRow> {
    const found = await this.#ask<LetterRow>(
      `select d.* from dead_letters d ${ofLiveBuild} where d.id = $1 and ${isOpen}`,
      [id],
    );
    const letter = found.rows[0];
    if (letter === undefined || !this.#definitions.has(letter.projection_id)) throw unknownLetter(id);
    return letter;
  }
}

/** Open letters `o` of the key of `d`. */
const ofSameKey = `o.projection_id = d.projection_id and o.generation = d.generation and o.ordering_key = d.ordering_key
  and o.status in ('failed', 'waiting')`;

function orderOf(actor: string, reason: string | undefined): DrainOrder {
  const said = reason?.trim() ?? '';
  return { actor, reason: said === '' ? null : said };
}
