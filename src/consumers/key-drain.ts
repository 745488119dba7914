import type pg from 'pg';
import type { EventRegistry } from '../events/codec.ts';
import type { RecordedEvent } from '../events/envelope.ts';
import { wallClock } from '../events/wall-clock.ts';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import { liveBuild, schemaToWrite, type Build } from '../projections/builds.ts';
import type { ProjectionDefinition } from '../projections/definition.ts';
import { ProjectionWriter } from '../projections/projection-writer.ts';
import { pauseAfter } from '../retry-schedule.ts';
import type { Drained } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import type { Tracing } from '../tracing.ts';
import { arrive, describeFailure, stampStatement, type Arrival } from './batch.ts';
import { isHandlerFault } from './build-applier.ts';
import { unknownLetter, type LetterRow } from './letter-rows.ts';

/** Letters that are applied in one transaction at most. */
const lettersAtOnce = 500;
/** Events that are asked of the log at the same time. */
const readsAtOnce = 16;

export interface KeyDrainOptions {
  readonly pool: pg.Pool;
  readonly log: EventLog;
  readonly registry: EventRegistry;
  readonly definitions: ReadonlyMap<string, ProjectionDefinition>;
  /** The projection that the lag ledger follows. */
  readonly primary: string;
  readonly retrySchedule: readonly number[];
  readonly tracing?: Tracing | undefined;
}

/** Who drains a key, and why. */
export interface DrainOrder {
  readonly actor: string;
  readonly reason: string | null;
  /** Only when its first letter is due: somebody else may have tried it meanwhile. */
  readonly onlyDue?: boolean;
}

interface Piece extends Drained {
  /** Nothing more can be done now: one failed again, or none was due. */
  readonly stopped: boolean;
  /** The read model is another one now, or what is parked is. */
  readonly changed: boolean;
}

interface OpenLetter extends LetterRow {
  readonly due: boolean;
}

interface KeyWork {
  readonly client: pg.PoolClient;
  readonly definition: ProjectionDefinition;
  readonly build: Build;
  readonly letters: readonly OpenLetter[];
  /** The events of the letters, by id. */
  readonly events: ReadonlyMap<string, RecordedEvent>;
  /** This process's clock when the transaction began. */
  readonly startedAt: number;
  readonly order: DrainOrder;
}

/**
 * Applies the parked events of one ordering key, in order and a piece at a time, so that the live consumer never waits
 * long for its checkpoint. New events of the key are parked behind them until none is left.
 */
export class KeyDrain {
  readonly #options: KeyDrainOptions;

  constructor(options: KeyDrainOptions) {
    this.#options = options;
  }

  /** Drains the key of a letter. Throws DEAD_LETTER_UNKNOWN when a rebuild has replaced the build meanwhile. */
  async drain(letter: LetterRow, order: DrainOrder): Promise<Drained> {
    return this.#drainOn(letter, order, 0);
  }

  /** Gives the first letter of a key up and drains what is behind it. Throws DEAD_LETTER_NOT_FIRST. */
  async discard(letter: LetterRow, order: DrainOrder & { readonly reason: string }): Promise<Drained> {
    const id = Number(letter.id);
    const first = await this.#withKey(letter, order, async (work) => {
      if (Number(work.letters[0]?.id) !== id) {
        if (!work.letters.some((one) => Number(one.id) === id)) throw unknownLetter(id);
        throw new MillraceError(
          'DEAD_LETTER_NOT_FIRST',
          'An earlier event of the same ordering key is parked; it goes first.',
        );
      }
      await work.client.query(
        `update dead_letters set status = 'discarded', actor = $2, reason = $3, next_attempt_at = null,
           resolved_at = clock_timestamp() where id = $1`,
        [id, order.actor, order.reason],
      );
      return { ...(await this.#apply({ ...work, letters: work.letters.slice(1) })), changed: true };
    });
    // A rebuild has replaced the build meanwhile: nothing was discarded, and the letter is another one now.
    if (first === undefined) throw unknownLetter(id);
    if (first.stopped || first.left === 0) return { applied: first.applied, left: first.left };
    return this.#drainOn(letter, order, first.applied);
  }

  async #drainOn(letter: LetterRow, order: DrainOrder, appliedBefore: number): Promise<Drained> {
    let applied = appliedBefore;
    for (;;) {
      const piece = await this.#withKey(letter, order, (work) => this.#apply(work));
      // A rebuild has replaced the build meanwhile; what was applied to the old one does not count any more.
      if (piece === undefined) throw unknownLetter(Number(letter.id));
      applied += piece.applied;
      if (piece.stopped || piece.left === 0) return { applied, left: piece.left };
    }
  }

  /**
   * Holds the checkpoint's row, so that the live consumer waits, and hands over the first open letters of one key. When
   * something has changed the epoch goes up: the consumer then drops what it holds in memory and reads the parked keys
   * again. Undefined when a rebuild has replaced the build meanwhile.
   */
  async #withKey(
    letter: LetterRow,
    order: DrainOrder,
    work: (work: KeyWork) => Promise<Omit<Piece, 'left'>>,
  ): Promise<Piece | undefined> {
    const definition = this.#options.definitions.get(letter.projection_id);
    if (definition === undefined) throw unknownLetter(Number(letter.id));
    // Before the checkpoint is held: a slow event store must not keep the consumer from its read model.
    const events = await this.#eventsOf(letter);
    const client = await asking(this.#options.pool.connect());
    try {
      await client.query('begin');
      const build = await liveBuild(client, letter.projection_id, true);
      // After the lock: what the transaction has waited for it is no part of the processing.
      const startedAt = await startOf(client);
      if (build === undefined || build.generation !== letter.generation) {
        await client.query('rollback');
        return undefined;
      }
      const open = await client.query<OpenLetter>(
        `select d.*, coalesce(d.next_attempt_at <= clock_timestamp(), false) as due from dead_letters d ${ofKey}
         order by d.position limit $4`,
        [build.projection, build.generation, letter.ordering_key, lettersAtOnce],
      );
      const piece = await work({ client, definition, build, letters: open.rows, events, startedAt, order });
      const left = piece.stopped ? await leftOf(client, build, letter) : await this.#goOnLater(client, build, letter);
      if (piece.changed) {
        await client.query(
          'update projection_builds set epoch = epoch + 1 where projection_id = $1 and generation = $2',
          [build.projection, build.generation],
        );
      }
      await client.query('commit');
      return { ...piece, left };
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Between two pieces the next letter is due: should this process end here, the schedule goes on with it. */
  async #goOnLater(client: pg.PoolClient, build: Build, letter: LetterRow): Promise<number> {
    await client.query(
      `update dead_letters set next_attempt_at = clock_timestamp()
       where id = (select d.id from dead_letters d ${ofKey} order by d.position limit 1) and next_attempt_at is null`,
      [build.projection, build.generation, letter.ordering_key],
    );
    return leftOf(client, build, letter);
  }

  async #eventsOf(letter: LetterRow): Promise<Map<string, RecordedEvent>> {
    const { pool, log } = this.#options;
    const open = await asking(
      pool.query<{ position: string; event_id: string }>(
        `select d.position, d.event_id from dead_letters d ${ofKey} order by d.position limit $4`,
        [letter.projection_id, letter.generation, letter.ordering_key, lettersAtOnce],
      ),
    );
    const events = new Map<string, RecordedEvent>();
    for (let at = 0; at < open.rows.length; at += readsAtOnce) {
      const some = open.rows.slice(at, at + readsAtOnce);
      await Promise.all(
        some.map(async (row) => {
          const position = Number(row.position);
          const [event] = await log.read({ after: position - 1, upTo: position, limit: 1 });
          if (event?.id !== row.event_id) {
            const what = event === undefined ? 'no' : 'another';
            throw new MillraceError('LOG_RESTORED', `The log has ${what} event at position ${position}.`);
          }
          events.set(row.event_id, event);
        }),
      );
    }
    return events;
  }

  /** Applies letters in order, each with its own savepoint, until one fails. */
  async #apply(work: KeyWork): Promise<Omit<Piece, 'left'>> {
    const { order, client } = work;
    const writer = new ProjectionWriter(work.definition, schemaToWrite(work.definition, work.build));
    if (order.onlyDue === true && work.letters[0]?.due !== true) return { applied: 0, stopped: true, changed: false };
    let applied = 0;
    for (const letter of work.letters) {
      const event = work.events.get(letter.event_id);
      // Parked or uncovered since the events were read: it is for the next piece.
      if (event === undefined) break;
      const error = await this.#applyLetter(work, writer, event);
      if (error !== undefined) {
        await client.query(
          `update dead_letters set status = 'failed', attempts = attempts + 1, error = $2, last_failed_at = clock_timestamp(),
             actor = $3, reason = $4, next_attempt_at = clock_timestamp() + $5::float8 * interval '1 millisecond' where id = $1`,
          [
            letter.id,
            describeFailure(error),
            order.actor,
            order.reason,
            pauseAfter(letter.attempts + 1, this.#options.retrySchedule),
          ],
        );
        return { applied, stopped: true, changed: applied > 0 };
      }
      await client.query(
        `update dead_letters set status = 'retried', attempts = attempts + 1, actor = $2, reason = $3, next_attempt_at = null,
           resolved_at = clock_timestamp() where id = $1`,
        [letter.id, order.actor, order.reason],
      );
      applied++;
    }
    return { applied, stopped: false, changed: applied > 0 };
  }

  /** Returns why it failed, or undefined. */
  async #applyLetter(work: KeyWork, writer: ProjectionWriter, event: RecordedEvent): Promise<unknown> {
    const { position } = event;
    const receivedAt = wallClock();
    const trace = this.#options.tracing?.retry(work.definition.id, event);
    let error: unknown;
    try {
      error = await this.#effect(work, writer, arrive(this.#options.registry, event, undefined, receivedAt));
    } catch (problem) {
      trace?.end(problem);
      throw problem;
    }
    trace?.end(error);
    if (work.definition.id === this.#options.primary) {
      const status = error === undefined ? ('PROCESSED' as const) : ('FAILED' as const);
      const run = { first: position, last: position, lastEvent: event.id, handedAt: undefined, receivedAt, status };
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

/** The open letters `d` of one key: $1 projection, $2 generation, $3 key. */
const ofKey = `where d.projection_id = $1 and d.generation = $2 and d.ordering_key = $3 and d.status in ('failed', 'waiting')`;

async function leftOf(client: pg.PoolClient, build: Build, letter: LetterRow): Promise<number> {
  const left = await client.query<{ count: string }>(`select count(*) as count from dead_letters d ${ofKey}`, [
    build.projection,
    build.generation,
    letter.ordering_key,
  ]);
  return Number(left.rows[0]?.count ?? 0);
}

/** This process's clock at the time that the server calls the transaction's beginning. */
async function startOf(client: pg.PoolClient): Promise<number> {
  const result = await client.query<{ since: number }>(
    `select (extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::float8 as since`,
  );
  return wallClock() - (result.rows[0]?.since ?? 0);
}
