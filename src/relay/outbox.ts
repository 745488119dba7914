import type pg from 'pg';
import { asking } from '../postgres/asking.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type { Outbox, PendingEvent, PendingEvents } from '../running-system.ts';

interface PendingRow {
  readonly event_id: string;
  readonly position: string;
  readonly event_name: string;
  readonly aggregate_id: string;
  readonly status: string;
  readonly retry_count: number;
  readonly last_failed_at: Date | null;
  readonly next_attempt_at: Date | null;
  readonly created_at: Date;
  readonly age_ms: number;
}

/**
 * The first events that were not published, $1 of them at most. Not asked of the outbox view, which would sort all that
 * waits: after a long outage that is much, and this is asked again and again. What was given up waits for nothing.
 */
export function pendingEvents(names: LogNames): string {
  const event = 'e.event_id, e.position, e.event_name, e.aggregate_id';
  return `select *, (extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as age_ms
    from (
      (select ${event}, 'PENDING' as status, 0 as retry_count, null::timestamptz as last_failed_at,
         null::timestamptz as next_attempt_at, e.created_at
       from ${names.events} e
       where e.position > (select relay_published()) and not exists (select from relay_failures f where f.position = e.position)
       order by e.position limit $1)
      union all
      (select ${event}, f.status, f.retry_count, f.last_failed_at, f.next_attempt_at, e.created_at
       from relay_failures f join ${names.events} e on e.position = f.position
       where f.status <> 'DISCARDED'
       order by f.position limit $1)) waiting
    order by position limit $1`;
}

/** What was not published yet, told by cursor, head and failures: the cost does not grow with the log. */
export class PostgresOutbox implements Outbox {
  readonly #pool: pg.Pool;
  readonly #names: LogNames;

  constructor(pool: pg.Pool, names: LogNames) {
    this.#pool = pool;
    this.#names = names;
  }

  async pending(limit = 100): Promise<PendingEvents> {
    const { events } = this.#names;
    const [counts, rows] = await asking(
      Promise.all([
        this.#pool.query<{ behind: string; parked: string; backlog_age_ms: number | null }>({
          name: 'outbox-count',
          text: `select coalesce((select position from ${events} order by position desc limit 1), 0) - relay_published() as behind,
            (select count(*) from relay_failures f where f.status <> 'DISCARDED' and f.position <= relay_published()) as parked,
            (select (extract(epoch from clock_timestamp() - e.created_at) * 1000)::float8 from ${events} e
             where e.position = relay_published() + 1) as backlog_age_ms`,
        }),
        this.#pool.query<PendingRow>({ name: 'outbox-pending', text: pendingEvents(this.#names), values: [limit] }),
      ]),
    );
    const pending = rows.rows.map((row): PendingEvent => ({
      eventId: row.event_id,
      position: Number(row.position),
      eventName: row.event_name,
      aggregateId: row.aggregate_id,
      status: row.status,
      retryCount: row.retry_count,
      lastFailedAt: row.last_failed_at?.toISOString() ?? null,
      nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
      createdAt: row.created_at.toISOString(),
      ageMs: row.age_ms,
    }));
    const { behind, parked, backlog_age_ms: backlogAgeMs } = counts.rows[0] ?? {};
    return {
      count: Number(behind ?? 0) + Number(parked ?? 0),
      oldestAgeMs: pending[0]?.ageMs ?? 0,
      parked: Number(parked ?? 0),
      backlogAgeMs: backlogAgeMs ?? 0,
      events: pending,
    };
  }
}
