import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { migrateSystem } from '../../src/migrate-system.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { eventually, exampleDatabases, reached, type ExampleDatabases } from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';
import { truncateReadModels } from '../support/restore.ts';

interface LedgerState {
  readonly rows: number;
  readonly positions: number;
  readonly created: number;
  readonly published: number;
  readonly processed: number;
  readonly failed: number;
  /** Rows whose parts do not add up to the total, or with a part below zero. */
  readonly wrong: number;
}

async function ledger(databases: ExampleDatabases): Promise<LedgerState> {
  const [row] = await databases.store<{ [Key in keyof LedgerState]: number }>(
    `select count(*)::int as rows, count(distinct position)::int as positions,
       (count(*) filter (where status = 'CREATED'))::int as created, (count(*) filter (where status = 'PUBLISHED'))::int as published,
       (count(*) filter (where status = 'PROCESSED'))::int as processed, (count(*) filter (where status = 'FAILED'))::int as failed,
       (count(*) filter (where least(outbox_wait_ms, outbox_dispatch_duration_ms, transit_ms, projection_processing_duration_ms) < 0
         or abs(total_lag_ms - (outbox_wait_ms + outbox_dispatch_duration_ms + transit_ms + projection_processing_duration_ms)) > 0.01
         or abs(total_lag_ms - extract(epoch from projection_processed_at - event_created_at) * 1000) > 0.01
         or (status = 'PROCESSED') <> (total_lag_ms is not null)))::int as wrong
     from event_processing_lag`,
  );
  if (row === undefined) throw new Error('no answer');
  return row;
}

const shows = (databases: ExampleDatabases, expected: Partial<LedgerState>): Promise<void> =>
  eventually(JSON.stringify(expected), async () => {
    const state = await ledger(databases);
    expect(state.rows).toBe(state.positions);
    expect(state.wrong).toBe(0);
    return Object.entries(expected).every(([key, value]) =>
      Object.entries(state).some(([k, v]) => k === key && v === value),
    );
  });

const parcels = (from: number, count: number): Step[] =>
  Array.from({ length: count }, (_, index) => journey(`p${from + index}`, ['north', 'south'])).flat();

it('S027, S031, S034, S124, S135, S196–S198, S213, S336–S340, S481, S484, S491, S505: an event is CREATED while the relay is down, PUBLISHED while the projector is down, and PROCESSED at last', async () => {
  await using databases = await exampleDatabases();
  await databases.append(parcels(0, 5));
  await shows(databases, { rows: 10, created: 10 });
  const relay = await databases.start({ roles: ['relay'] });
  await shows(databases, { rows: 10, published: 10 });
  await databases.append(parcels(5, 5));
  await shows(databases, { rows: 20, published: 20 });
  await relay.stop();
  await databases.append(parcels(10, 1));
  const projector = await databases.start({ roles: ['projector'] });
  await reached(databases, 20);
  await projector.stop();
  // The relay copies what the projector has stamped: until it is back the ledger knows no more than before.
  await shows(databases, { rows: 22, published: 20, created: 2 });
  const again = await databases.start({ roles: ['relay'] });
  await shows(databases, { rows: 22, processed: 20, published: 2 });
  await again.stop();
  await databases.start();
  await shows(databases, { rows: 22, processed: 22 });
});

it('S116, S244, S245, S268, S021, S035–S037, S098, S099, S144, S206–S212, S341, S507: has exactly one row for each event at every moment, and parts that add up to the total', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  let sent = 0;
  for (let round = 0; round < 25; round++) {
    sent = (await databases.append(parcels(round * 3, 3))).at(-1)?.position ?? 0;
    const state = await ledger(databases);
    expect(state).toMatchObject({ rows: sent, positions: sent, wrong: 0 });
  }
  await shows(databases, { rows: sent, processed: sent });
  const [one] = await system.lag.recent(1);
  expect(one?.position).toBe(sent);
  expect(one?.status).toBe('PROCESSED');
  const sum =
    (one?.outboxWaitMs ?? 0) +
    (one?.outboxDispatchDurationMs ?? 0) +
    (one?.transitMs ?? 0) +
    (one?.projectionProcessingDurationMs ?? 0);
  expect(sum).toBeCloseTo(one?.totalLagMs ?? -1, 1);
});

it('no part is below zero when the clocks disagree', async () => {
  await using databases = await exampleDatabases();
  const outcome = await databases.log.append({
    events: [-3_600_000, 0, 3_600_000].map((skew, index) => ({
      id: newEventId(),
      stream: `parcel-skew${index}`,
      ...databases.registry.encode({ type: 'ParcelAccepted', data: { label: `L${index}`, depot: 'north', weight: 1 } }),
      metadata: '{"correlationId":"c","actor":"a"}',
      occurredAt: Date.now() + skew,
    })),
  });
  expect(outcome.outcome).toBe('stored');
  await databases.start();
  await shows(databases, { rows: 3, processed: 3 });
});

it('is exact after kill -9 of the process, whenever it comes', async () => {
  await using databases = await exampleDatabases();
  const events = await databases.append(parcels(0, 3000).slice(0, 400));
  let total = events.length;
  for (let round = 0; round < 4; round++) {
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('../support/run-example.ts', import.meta.url)),
        databases.eventStoreUrl,
        databases.readModelsUrl,
      ],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const goal = total;
    // In the middle of copying: the ledger has some of it.
    await eventually('the ledger has some of it', async () => {
      total = (await databases.append(parcels(1000 + round * 500 + total, 2))).at(-1)?.position ?? 0;
      return (await ledger(databases)).processed > (round === 0 ? 50 : goal - 100);
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const state = await ledger(databases);
    expect(state).toMatchObject({ rows: total, positions: total, wrong: 0 });
  }
  await databases.start();
  await shows(databases, { rows: total, processed: total });
  const [model] = await databases.read<{ events: number }>('select sum(moves + 1)::int as events from parcels');
  expect(model?.events).toBe(total);
});

const retention = `DELETE FROM event_processing_lag WHERE created_at < now() - interval '30 days'`;

/** Appends events that say they happened long ago: the only way to have old rows without waiting for them. */
async function appendOld(databases: ExampleDatabases, count: number): Promise<void> {
  await databases.log.append({
    events: Array.from({ length: count }, (_, index) => ({
      id: newEventId(),
      stream: `parcel-old${index}`,
      ...databases.registry.encode({
        type: 'ParcelAccepted',
        data: { label: `L-old${index}`, depot: 'north', weight: 50 },
      }),
      metadata: '{"correlationId":"c","actor":"a"}',
      occurredAt: Date.now() - 40 * 24 * 3_600_000,
    })),
  });
}

it('rows that retention deleted stay deleted: copied ones, ones not copied yet, and when all is processed again', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await appendOld(databases, 10);
  await databases.append(parcels(0, 5));
  await shows(databases, { rows: 20, processed: 20 });
  await databases.store(retention);
  await shows(databases, { rows: 10 });
  await system.stop();
  await appendOld(databases, 10);
  await databases.append(parcels(5, 1));
  await shows(databases, { rows: 22, created: 12 });
  await databases.store(retention);
  await shows(databases, { rows: 12, created: 2 });
  const again = await databases.start();
  await shows(databases, { rows: 12, processed: 12 });
  await again.stop();
  await truncateReadModels(databases);
  await migrateSystem(databases.example.system, databases);
  const last = await databases.start();
  await reached(databases, 32);
  await last.projections.rebuild('parcels');
  await eventually(
    'all stamps are copied',
    async () => (await databases.read('select 1 from lag_stamps')).length === 0,
  );
  expect(await ledger(databases)).toMatchObject({ rows: 12, processed: 12, wrong: 0 });
  expect(await databases.store('select 1 from parcel_events_log')).toHaveLength(32);
  expect(await databases.store('select 1 from lag_deleted')).toEqual([]);
});

const percentile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * p;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
};

/** Milliseconds, rounded to whole microseconds: half of one off, and what floats leave. */
const roundedFrom = (exact: number) => (found: unknown) => Math.abs(Number(found) - exact) <= 0.000_500_001;

it('S097, S100, S204, S205, S289, S290: statistics are those of the rows: count, average, percentiles, slowest', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  for (let round = 0; round < 10; round++) await databases.append(parcels(round * 4, 4));
  await shows(databases, { rows: 80, processed: 80 });
  const rows = await databases.store<{ name: string; lag: number }>(
    'select event_name as name, total_lag_ms as lag from event_processing_lag',
  );
  for (const eventName of [undefined, 'ParcelAccepted', 'ParcelMoved']) {
    const lags = rows.filter((row) => eventName === undefined || row.name === eventName).map((row) => row.lag);
    const found = await system.lag.statistics(eventName === undefined ? {} : { eventName });
    expect(found).toMatchObject({ count: lags.length, processedCount: lags.length, pendingCount: 0, failedCount: 0 });
    expect(found.p50LagMs).toSatisfy(roundedFrom(percentile(lags, 0.5)));
    expect(found.p95LagMs).toSatisfy(roundedFrom(percentile(lags, 0.95)));
    expect(found.p99LagMs).toSatisfy(roundedFrom(percentile(lags, 0.99)));
    expect(found.minLagMs).toSatisfy(roundedFrom(Math.min(...lags)));
    expect(found.maxLagMs).toSatisfy(roundedFrom(Math.max(...lags)));
    expect(found.avgLagMs).toSatisfy(roundedFrom(lags.reduce((sum, lag) => sum + lag, 0) / lags.length));
  }
  expect((await system.lag.statistics({ from: new Date(Date.now() + 60_000) })).count).toBe(0);
  expect((await system.lag.statistics({ sample: 7 })).count).toBe(7);
  const slowest = (await system.lag.slowest(5)).map((row) => row.totalLagMs);
  expect(slowest).toEqual(
    rows
      .map((row) => row.lag)
      .toSorted((a, b) => b - a)
      .slice(0, 5),
  );
});

it('S058, S101, S269: sums up minutes right, those with late events included, in both databases', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = (event) => event.stream === 'parcel-p1' && event.version === 2;
  const system = await databases.start();
  await appendOld(databases, 3);
  await databases.append(parcels(0, 3));
  await shows(databases, { rows: 9, processed: 8, failed: 1 });
  const truth = `select date_trunc('minute', created_at) as minute, event_name, count(*)::int as created,
      (count(*) filter (where status <> 'CREATED'))::int as published, (count(*) filter (where status = 'PROCESSED'))::int as processed,
      (count(*) filter (where status = 'FAILED'))::int as failed, round(avg(total_lag_ms)::numeric, 3) as average, max(total_lag_ms) as max,
      round((percentile_cont(0.95) within group (order by total_lag_ms))::numeric, 3) as p95
    from event_processing_lag group by 1, 2 order by 1, 2`;
  const metrics = `select metric_timestamp as minute, event_name, events_created_count::int as created, events_published_count::int as published,
      events_processed_count::int as processed, events_failed_count::int as failed, round(average_lag_ms::numeric, 3) as average, max_lag_ms as max, round(p95_lag_ms::numeric, 3) as p95
    from event_lag_metrics order by 1, 2`;
  // The minutes that are over are summed up, the present one is counted when it is asked for.
  await databases.store(`select roll_up_lag_metrics(date_trunc('minute', clock_timestamp()))`);
  expect(await databases.store(metrics)).toEqual(await databases.store(truth));
  // All minutes are over: they are summed up, and read from the sums.
  await databases.store(`select roll_up_lag_metrics(date_trunc('minute', clock_timestamp()) + interval '1 minute')`);
  expect(await databases.store(metrics)).toEqual(await databases.store(truth));
  expect((await databases.store('select 1 from lag_metrics_by_minute')).length).toBeGreaterThan(2);
  trouble.throwFor = () => false;
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'operator');
  await shows(databases, { rows: 9, processed: 9 });
  await databases.store(`select roll_up_lag_metrics(date_trunc('minute', clock_timestamp()) + interval '1 minute')`);
  expect(await databases.store(metrics)).toEqual(await databases.store(truth));
  const expected = await databases.store(metrics);
  expect(expected.length).toBeGreaterThan(2);
  await eventually('the mirror has the same', async () => {
    const mirrored = await databases.read(metrics);
    return JSON.stringify(mirrored) === JSON.stringify(expected);
  });
});

it('S054, S270, S315, S331: shows checkpoints in both databases', async () => {
  await using databases = await exampleDatabases({ extra: true });
  await databases.start();
  await databases.append(parcels(0, 3));
  await reached(databases, 6);
  await reached(databases, 6, 'second-look');
  const columns = 'projection_id, last_position, last_event_id, last_version, is_healthy, error_message';
  const there = await databases.read(`select ${columns} from projection_checkpoints order by 1`);
  expect(there).toHaveLength(2);
  expect(there[0]).toMatchObject({ projection_id: 'parcels', last_position: '6', is_healthy: true });
  await eventually('the mirror has the same', async () => {
    const mirrored = await databases.store(`select ${columns} from projection_checkpoints order by 1`);
    return JSON.stringify(mirrored) === JSON.stringify(there);
  });
});

it('stamps and publications that were copied are removed, and only the primary projection writes stamps', async () => {
  await using databases = await exampleDatabases({ extra: true });
  const system = await databases.start();
  for (let round = 0; round < 30; round++) await databases.append(parcels(round * 200, 200));
  await reached(databases, 12_000);
  await reached(databases, 12_000, 'second-look');
  await shows(databases, { rows: 12_000, processed: 12_000 });
  await eventually('no stamps', async () => (await databases.read('select 1 from lag_stamps')).length === 0);
  await eventually(
    'old publications are gone',
    async () => (await databases.store('select 1 from relay_publications where last_position < 1900')).length === 0,
  );
  await system.stop();
  expect(await databases.read('select 1 from lag_stamps')).toEqual([]);
});

it('two projectors copy the same stamps without harm', async () => {
  await using databases = await exampleDatabases();
  await Promise.all([databases.start(), databases.start()]);
  for (let round = 0; round < 20; round++) await databases.append(parcels(round, 1));
  await shows(databases, { rows: 40, processed: 40 });
});
