import type pg from 'pg';
import { asking } from '../postgres/asking.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type { EventLag, LagStatistics, LagSummary } from '../running-system.ts';

interface LagRow {
  readonly event_id: string;
  readonly event_name: string;
  readonly aggregate_id: string;
  readonly position: string;
  readonly status: EventLag['status'];
  readonly event_created_at: Date;
  readonly event_published_at: Date | null;
  readonly event_received_at: Date | null;
  readonly projection_processed_at: Date | null;
  readonly outbox_wait_ms: number | null;
  readonly outbox_dispatch_duration_ms: number | null;
  readonly transit_ms: number | null;
  readonly projection_processing_duration_ms: number | null;
  readonly total_lag_ms: number | null;
}

interface SummaryRow {
  readonly count: string;
  readonly processed: string;
  readonly pending: string;
  readonly failed: string;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly wait: number | null;
  readonly dispatch: number | null;
  readonly transit: number | null;
  readonly processing: number | null;
  readonly seconds: number | null;
}

/** Without a range or sample, statistics cover so many of the newest events: the answer stays quick however long the log. */
const defaultSample = 100_000;

/** $1 event name, $2 from, $3 to; each may be null. */
const wanted = `($1::text is null or event_name = $1) and ($2::timestamptz is null or created_at >= $2)
  and ($3::timestamptz is null or created_at < $3)`;

/** Answers questions about lag from the ledger of the event store. */
export class PostgresLagStatistics implements LagStatistics {
  readonly #pool: pg.Pool;
  readonly #events: string;

  constructor(pool: pg.Pool, names: LogNames) {
    this.#pool = pool;
    this.#events = names.events;
  }

  async statistics(filter: { eventName?: string; from?: Date; to?: Date; sample?: number } = {}): Promise<LagSummary> {
    const result = await asking(
      this.#pool.query<SummaryRow>({
        name: 'lag-summary',
        text: `select count(*) as count, count(*) filter (where status = 'PROCESSED') as processed,
          count(*) filter (where status in ('CREATED', 'PUBLISHED')) as pending, count(*) filter (where status = 'FAILED') as failed,
          avg(total_lag_ms) as avg, min(total_lag_ms) as min, max(total_lag_ms) as max,
          percentile_cont(0.5) within group (order by total_lag_ms) as p50,
          percentile_cont(0.95) within group (order by total_lag_ms) as p95,
          percentile_cont(0.99) within group (order by total_lag_ms) as p99,
          avg(outbox_wait_ms) as wait, avg(outbox_dispatch_duration_ms) as dispatch, avg(transit_ms) as transit,
          avg(projection_processing_duration_ms) as processing,
          extract(epoch from max(created_at) - min(created_at))::float8 as seconds
        from (
          select * from (
            (select * from lag_copied where ${wanted} order by created_at desc limit $4)
            union all
            (select * from lag_pending where ${wanted} order by created_at desc limit $4)) both_parts
          order by created_at desc limit $4) newest`,
        values: [filter.eventName ?? null, filter.from ?? null, filter.to ?? null, filter.sample ?? defaultSample],
      }),
    );
    return toSummary(filter, result.rows[0]);
  }

  async event(eventId: string): Promise<EventLag | undefined> {
    return (
      await this.#rows(`where position = (select position from ${this.#events} where event_id = $1)`, [eventId])
    )[0];
  }

  slowest(limit: number, eventName?: string): Promise<EventLag[]> {
    return this.#rows(
      `where total_lag_ms is not null and ($2::text is null or event_name = $2)
         and created_at >= clock_timestamp() - interval '24 hours' order by total_lag_ms desc limit $1`,
      [limit, eventName ?? null],
    );
  }

  recent(limit: number): Promise<EventLag[]> {
    // Positions have no gaps: the newest events are those right below the head.
    return this.#rows(
      `where position > (select max(position) from ${this.#events}) - $1::bigint order by position desc`,
      [limit],
    );
  }

  range(after: number, upTo: number): Promise<EventLag[]> {
    return this.#rows('where position > $1 and position <= $2 order by position', [after, upTo]);
  }

  async deleted(): Promise<{ readonly rows: number; readonly minutes: number }> {
    const result = await asking(
      this.#pool.query<{ rows: string; minutes: string }>(
        'select rows_deleted as rows, minutes_deleted as minutes from lag_cursor',
      ),
    );
    return { rows: Number(result.rows[0]?.rows ?? 0), minutes: Number(result.rows[0]?.minutes ?? 0) };
  }

  async #rows(rest: string, values: unknown[]): Promise<EventLag[]> {
    const result = await asking(this.#pool.query<LagRow>(`select * from event_processing_lag ${rest}`, values));
    return result.rows.map(toLag);
  }
}

function toLag(row: LagRow): EventLag {
  return {
    eventId: row.event_id,
    eventName: row.event_name,
    aggregateId: row.aggregate_id,
    position: Number(row.position),
    status: row.status,
    createdAt: row.event_created_at.toISOString(),
    publishedAt: row.event_published_at?.toISOString() ?? null,
    receivedAt: row.event_received_at?.toISOString() ?? null,
    processedAt: row.projection_processed_at?.toISOString() ?? null,
    outboxWaitMs: row.outbox_wait_ms,
    outboxDispatchDurationMs: row.outbox_dispatch_duration_ms,
    transitMs: row.transit_ms,
    projectionProcessingDurationMs: row.projection_processing_duration_ms,
    totalLagMs: row.total_lag_ms,
  };
}

function toSummary(filter: { eventName?: string; from?: Date; to?: Date }, row: SummaryRow | undefined): LagSummary {
  const count = Number(row?.count ?? 0);
  const seconds = row?.seconds ?? 0;
  return {
    eventName: filter.eventName ?? null,
    from: filter.from?.toISOString() ?? null,
    to: filter.to?.toISOString() ?? null,
    count,
    processedCount: Number(row?.processed ?? 0),
    pendingCount: Number(row?.pending ?? 0),
    failedCount: Number(row?.failed ?? 0),
    avgLagMs: roundedMs(row?.avg),
    minLagMs: roundedMs(row?.min),
    maxLagMs: roundedMs(row?.max),
    p50LagMs: roundedMs(row?.p50),
    p95LagMs: roundedMs(row?.p95),
    p99LagMs: roundedMs(row?.p99),
    avgOutboxWaitMs: roundedMs(row?.wait),
    avgOutboxDispatchDurationMs: roundedMs(row?.dispatch),
    avgTransitMs: roundedMs(row?.transit),
    avgProjectionProcessingDurationMs: roundedMs(row?.processing),
    eventsPerSecond: seconds > 0 ? (count - 1) / seconds : null,
  };
}

/** To whole microseconds, which is what clocks give: sums of floats end in 99999999997 otherwise. */
function roundedMs(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 1_000) / 1_000;
}
