import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newEventId } from '../../src/events/event-id.ts';
import { LagRetention, type LagRetentionOptions } from '../../src/lag/lag-retention.ts';
import { exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';

let databases: ExampleDatabases;
let pool: pg.Pool;
beforeAll(async () => {
  databases = await exampleDatabases();
  pool = new pg.Pool({ connectionString: databases.eventStoreUrl, max: 4 });
});
afterAll(async () => {
  await pool.end();
  await databases[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await databases.store('truncate lag_ledger, lag_metrics_by_minute, lag_dirty_minutes');
  await databases.store(`update lag_cursor set rolled_up_to = '-infinity', rows_deleted = 0, minutes_deleted = 0`);
});

const retention = (options: Partial<LagRetentionOptions> = {}) =>
  new LagRetention({ eventStore: pool, instance: newEventId(), ...options });

/** Rows of the ledger as copying leaves them, so many days old, a millisecond of lag more for each. */
async function rows(first: number, count: number, days: number, status = 'PROCESSED'): Promise<void> {
  await databases.store(
    `insert into lag_ledger (position, event_id, event_name, aggregate_id, status, created_at, total_lag_ms)
     select p, gen_random_uuid(), 'ParcelAccepted', 'parcel-' || p, $4, date_trunc('minute', now()) - $3 * interval '1 day' + interval '10 seconds',
       case when $4 = 'PROCESSED' then p end
     from generate_series($1::int, $1::int + $2::int - 1) as p`,
    [first, count, days, status],
  );
}

const rollUp = () => databases.store(`select roll_up_lag_metrics(date_trunc('minute', now()))`);
const metrics = () =>
  databases.store<{ created: number; processed: number; failed: number; max: number; p50: number; average: number }>(
    `select events_created_count::int as created, events_processed_count::int as processed, events_failed_count::int as failed,
       max_lag_ms as max, p50_lag_ms as p50, average_lag_ms as average from event_lag_metrics order by metric_timestamp`,
  );
const left = async () => (await databases.store('select 1 from lag_ledger')).length;

it('S049, S528: rows of events that are done go after thirty days, in pages; what is not done stays, however old', async () => {
  await rows(1, 120, 31);
  await rows(200, 5, 29);
  await rows(300, 2, 60, 'PUBLISHED');
  await rows(400, 3, 60, 'FAILED');
  // Nothing goes before its minute is summed up.
  expect(await retention().runNow()).toEqual({ rows: 0, minutes: 0 });
  await rollUp();
  expect(await retention({ page: 50 }).runNow()).toEqual({ rows: 123, minutes: 0 });
  expect(await left()).toBe(7);
  expect(await metrics()).toMatchObject([
    { created: 2 + 3 },
    { created: 120, processed: 120, max: 120 },
    { created: 5 },
  ]);
  expect(await retention().runNow()).toEqual({ rows: 0, minutes: 0 });
  expect(await databases.store('select rows_deleted, minutes_deleted from lag_cursor')).toEqual([
    { rows_deleted: '123', minutes_deleted: '0' },
  ]);
});

it('S021, S101: sums of minutes are kept for 400 days, and no longer', async () => {
  await rows(1, 4, 401);
  await rows(10, 4, 399);
  await rollUp();
  await retention().runNow();
  expect(await left()).toBe(0);
  expect(await metrics()).toMatchObject([{ created: 4 }]);
});

it('C37: an event that is processed after its minute lost rows adds to the sums and takes nothing away', async () => {
  await rows(1, 9, 31);
  await rows(10, 1, 31, 'PUBLISHED');
  await rollUp();
  expect(await metrics()).toMatchObject([{ created: 10, processed: 9, max: 9, p50: 5, average: 5 }]);
  await retention().runNow();
  expect(await left()).toBe(1);
  // What copying does when the last one is processed at last.
  await databases.store(`update lag_ledger set status = 'PROCESSED', total_lag_ms = 5000`);
  await databases.store(
    `insert into lag_dirty_minutes select date_trunc('minute', created_at), event_name from lag_ledger`,
  );
  await rollUp();
  await rollUp();
  expect(await metrics()).toMatchObject([{ created: 10, processed: 9, max: 5000, p50: 5, average: 5 }]);
});

it('summing up twice, by two at once, or again after a late event changes nothing but what came late', async () => {
  await rows(1, 20, 2);
  await Promise.all([rollUp(), rollUp(), rollUp()]);
  const before = await metrics();
  await rollUp();
  expect(await metrics()).toEqual(before);
  await databases.store(`update lag_ledger set total_lag_ms = 100 where position = 20`);
  await databases.store(
    `insert into lag_dirty_minutes select date_trunc('minute', created_at), event_name from lag_ledger limit 1`,
  );
  await Promise.all([rollUp(), rollUp()]);
  expect(await metrics()).toMatchObject([{ created: 20, processed: 20, max: 100, p50: 10.5 }]);
  expect(await databases.store('select 1 from lag_dirty_minutes')).toEqual([]);
});

it('one process at a time deletes', async () => {
  await rows(1, 10, 31);
  await rollUp();
  await databases.store(`insert into leases values ('lag-retention', 'elsewhere/1/a', 3, now() + interval '1 minute')
    on conflict (name) do update set holder = excluded.holder, lease_until = excluded.lease_until`);
  expect(await retention().runNow()).toBeUndefined();
  expect(await left()).toBe(10);
  await databases.store(`update leases set lease_until = '-infinity' where name = 'lag-retention'`);
  const both = await Promise.all([retention({ page: 2 }).runNow(), retention({ page: 2 }).runNow()]);
  expect(both.reduce((sum, deleted) => sum + (deleted?.rows ?? 0), 0)).toBe(10);
});

it('S465: the newest sums come from the end of their key, however many there are', async () => {
  await databases.store(
    `insert into lag_metrics_by_minute (metric_timestamp, event_name, events_created_count, events_published_count,
       events_processed_count, events_failed_count)
     select date_trunc('minute', now()) - n * interval '1 minute', 'ParcelMoved', 1, 1, 1, 0 from generate_series(1, 20000) n`,
  );
  await databases.store('analyze lag_metrics_by_minute');
  await databases.store(`update lag_cursor set rolled_up_to = date_trunc('minute', now())`);
  const plan = await databases.store<{ 'QUERY PLAN': string }>(
    'explain (analyze, buffers off, timing off) select * from event_lag_metrics order by metric_timestamp desc limit 10',
  );
  const read = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(read).toMatch(/Index Scan Backward using lag_metrics_by_minute_pkey.*rows=10\b/);
});
