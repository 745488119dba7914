import { DatabaseError } from 'pg';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type {
  RefusedEvent,
  RefusedEventDetail,
  RefusedEventFilter,
  RefusedEventGroup,
  RefusedEvents,
  RelayDecision,
} from '../running-system.ts';

interface RefusedRow {
  readonly id: string;
  readonly destination: string;
  readonly ordering_key: string;
  readonly position: string;
  readonly event_id: string;
  readonly event_name: string;
  readonly status: RefusedEvent['status'];
  readonly last_error: string | null;
  readonly retry_count: number;
  readonly last_failed_at: Date | null;
  readonly next_attempt_at: Date | null;
}

interface DecisionRow {
  readonly decided_at: Date;
  readonly action: RelayDecision['action'];
  readonly actor: string;
  readonly reason: string | null;
}

/**
 * The side of whoever decides about refused events; any process has it. The decisions themselves are functions of the
 * event store, which write down who and why, and the relay finds what they changed.
 */
export class PostgresRefusedEvents implements RefusedEvents {
  readonly #pool: pg.Pool;
  readonly #rows: string;

  constructor(pool: pg.Pool, names: LogNames) {
    this.#pool = pool;
    this.#rows = `select f.*, e.event_id, e.event_name from relay_failures f join ${names.events} e on e.position = f.position`;
  }

  async list(filter: RefusedEventFilter = {}): Promise<RefusedEvent[]> {
    const open = filter.open === undefined ? filter.status !== 'DISCARDED' : filter.open;
    const result = await this.#ask<RefusedRow>(
      `${this.#rows}
       where ($1::text is null or f.destination = $1) and ($2::text is null or f.ordering_key = $2)
         and ($3::text is null or e.event_name = $3) and ($4::text is null or f.status = $4)
         and ($5::boolean is null or $5 = (f.status <> 'DISCARDED')) and f.id > $6
       order by f.id limit $7`,
      [
        filter.destination ?? null,
        filter.orderingKey ?? null,
        filter.eventName ?? null,
        filter.status ?? null,
        open,
        filter.after ?? 0,
        filter.limit ?? 100,
      ],
    );
    return result.rows.map(toRefused);
  }

  async get(id: number): Promise<RefusedEventDetail> {
    const [found, key, decisions] = await Promise.all([
      this.#ask<RefusedRow>(`${this.#rows} where f.id = $1`, [id]),
      this.#ask<{ behind: string; first: string | null }>(
        `select count(*) filter (where o.position > f.position) as behind, (array_agg(o.id order by o.position))[1] as first
         from relay_failures f join relay_failures o on o.destination = f.destination and o.ordering_key = f.ordering_key
           and o.status <> 'DISCARDED'
         where f.id = $1`,
        [id],
      ),
      this.#ask<DecisionRow>(
        `select d.decided_at, d.action, d.actor, d.reason from relay_decisions d
         join relay_failures f on f.destination = d.destination and f.position = d.position where f.id = $1 order by d.id`,
        [id],
      ),
    ]);
    const row = found.rows[0];
    if (row === undefined) throw unknown(id);
    const { behind, first } = key.rows[0] ?? {};
    return {
      ...toRefused(row),
      behind: Number(behind ?? 0),
      first: first === undefined || first === null ? null : Number(first),
      decisions: decisions.rows.map(({ decided_at, ...decision }) => ({
        decidedAt: decided_at.toISOString(),
        ...decision,
      })),
    };
  }

  async count(): Promise<number> {
    const result = await this.#ask<{ count: string }>(
      `select count(*) as count from relay_failures where status <> 'DISCARDED'`,
    );
    return Number(result.rows[0]?.count ?? 0);
  }

  async retry(id: number, actor: string, reason?: string): Promise<{ readonly keys: number }> {
    const keys = await this.#retry([id, null, null, null, actor, reasonOf(reason)]);
    if (keys === 0) throw unknown(id);
    return { keys };
  }

  async retryAll(group: RefusedEventGroup, actor: string, reason?: string): Promise<{ readonly keys: number }> {
    const { destination = null, orderingKey = null, eventName = null } = group;
    return { keys: await this.#retry([null, destination, orderingKey, eventName, actor, reasonOf(reason)]) };
  }

  async discard(id: number, actor: string, reason: string): Promise<{ readonly left: number }> {
    const said = reasonOf(reason);
    if (said === null) {
      throw new MillraceError('REASON_REQUIRED', 'Discarding an event wants a reason.', {
        fields: [{ field: 'reason', problem: 'is empty' }],
      });
    }
    try {
      const result = await this.#ask<{ left: string }>('select relay_discard($1, $2, $3) as left', [id, actor, said]);
      return { left: Number(result.rows[0]?.left ?? 0) };
    } catch (error) {
      if (error instanceof DatabaseError && error.code === 'MR031') throw unknown(id);
      if (error instanceof DatabaseError && error.code === 'MR032') {
        throw new MillraceError(
          'DEAD_LETTER_NOT_FIRST',
          'An earlier event of the same ordering key is parked; it goes first.',
        );
      }
      throw error;
    }
  }

  async #retry(values: unknown[]): Promise<number> {
    const result = await this.#ask<{ keys: string }>('select relay_retry($1, $2, $3, $4, $5, $6) as keys', values);
    return Number(result.rows[0]?.keys ?? 0);
  }

  #ask<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
    return asking(this.#pool.query<Row>(sql, values));
  }
}

function reasonOf(reason: string | undefined): string | null {
  const said = reason?.trim() ?? '';
  return said === '' ? null : said;
}

function unknown(id: number): MillraceError {
  return new MillraceError('DEAD_LETTER_UNKNOWN', `No refused event ${id} waits.`);
}

function toRefused(row: RefusedRow): RefusedEvent {
  return {
    id: Number(row.id),
    destination: row.destination,
    orderingKey: row.ordering_key,
    position: Number(row.position),
    eventId: row.event_id,
    eventName: row.event_name,
    status: row.status,
    error: row.last_error,
    attempts: row.retry_count,
    lastFailedAt: row.last_failed_at?.toISOString() ?? null,
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
  };
}
