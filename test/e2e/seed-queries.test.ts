import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { startSystem } from '../../src/start-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/**
 * Every SELECT and DELETE that the seed documents print runs as it stands there, in the database that the document
 * means, and says something true. S047, S048, S271, S361, S462–S465, S486, S509, S512, S517, S524–S526, S528.
 */
describe("the seed documents' queries", () => {
  let eventStore: TestDatabase;
  let readModels: TestDatabase;
  let system: RunningSystem;
  let inEventStore: Client;
  let inReadModels: Client;
  const events = 12;

  beforeAll(async () => {
    [eventStore, readModels] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    const urls = { eventStoreUrl: eventStore.url, readModelsUrl: readModels.url };
    await migrateSystem(waitingRoom, urls);
    system = await startSystem(waitingRoom, urls);
    let last = 0;
    for (let n = 0; n < events; n++) {
      const command = {
        visitId: `visit-${newEventId()}`,
        queueId: `queue-${n % 2}`,
        patientId: `p-${n}`,
        patientKey: null,
        patientName: 'Jane Roe',
        priority: 'High' as const,
        consultationType: 'Cardiology',
        notes: null,
        settingsPosition: 0,
        ...{ siteId: 'main', day: '2026-01-01', ticket: `Q-${100 + n}`, firstOfDay: false },
      };
      last = (await system.execute(checkInToUnlimitedQueue, command)).position;
    }
    await system.readModels.query('select 1', [], { minPosition: last });
    inEventStore = new Client({ connectionString: eventStore.url });
    inReadModels = new Client({ connectionString: readModels.url });
    await Promise.all([inEventStore.connect(), inReadModels.connect()]);
    await vi.waitFor(async () => {
      expect((await system.lag.statistics()).processedCount).toBe(events);
      const mirror = await inEventStore.query('select * from projection_checkpoints where last_position = $1', [
        events,
      ]);
      expect(mirror.rowCount).toBe(3);
    }, 10_000);
  });

  afterAll(async () => {
    await Promise.all([inEventStore.end(), inReadModels.end()]);
    await system.stop();
    await Promise.all([eventStore.drop(), readModels.drop()]);
  });

  const rows = async (sql: string, client = inEventStore): Promise<Record<string, unknown>[]> =>
    (await client.query<Record<string, unknown>>(sql)).rows;

  test('S047: the lag history of 30 days, newest first', async () => {
    const history = await rows(`SELECT created_at, event_name, total_lag_ms, status
FROM event_processing_lag
WHERE created_at >= now() - interval '30 days'
ORDER BY created_at DESC;`);
    expect(history).toHaveLength(events);
    expect(history.every((row) => row.event_name === 'PatientCheckedIn' && row.status === 'PROCESSED')).toBe(true);
    expect(history.every((row) => typeof row.total_lag_ms === 'number' && row.total_lag_ms > 0)).toBe(true);
  });

  test('S048: lag statistics by event', async () => {
    const [row] = await rows(`SELECT
    event_name,
    AVG(total_lag_ms) as avg_lag,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY total_lag_ms),
    COUNT(*) as event_count
FROM event_processing_lag
WHERE status = 'PROCESSED'
GROUP BY event_name;`);
    expect(row).toMatchObject({ event_name: 'PatientCheckedIn', event_count: String(events) });
    expect(Number(row?.avg_lag)).toBeGreaterThan(0);
    expect(Number(row?.percentile_cont)).toBeGreaterThan(0);
  });

  test('S271: average, p95 and count of the last hour', async () => {
    const [row] = await rows(`SELECT
    event_name,
    AVG(total_lag_ms) as avg_lag,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY total_lag_ms) as p95,
    COUNT(*) as event_count
FROM event_processing_lag
WHERE status = 'PROCESSED'
  AND created_at >= NOW() - INTERVAL '1 hour'
GROUP BY event_name;`);
    expect(row).toMatchObject({ event_name: 'PatientCheckedIn', event_count: String(events) });
    expect(Number(row?.p95)).toBeGreaterThan(0);
  });

  test('S359: the number of database connections', async () => {
    const [row] = await rows('SELECT count(*) FROM pg_stat_activity;');
    expect(Number(row?.count)).toBeGreaterThan(0);
  });

  test('S361: the diagnostics query of the runbook', async () => {
    const [row] = await rows(`SELECT event_name, AVG(total_lag_ms) FROM event_processing_lag \
      WHERE created_at > now() - interval '1 hour' \
      GROUP BY event_name;`);
    expect(row?.event_name).toBe('PatientCheckedIn');
    expect(Number(row?.avg)).toBeGreaterThan(0);
  });

  test('S053, S314, S462: the last ten rows of the ledger', async () => {
    const last = await rows(`SELECT * FROM event_processing_lag
ORDER BY created_at DESC LIMIT 10;`);
    expect(last).toHaveLength(10);
    expect(Object.keys(last[0] ?? {})).toEqual(
      expect.arrayContaining([
        'event_id',
        'event_name',
        'aggregate_id',
        'event_created_at',
        'event_published_at',
        'projection_processed_at',
        'outbox_dispatch_duration_ms',
        'projection_processing_duration_ms',
        'total_lag_ms',
        'status',
        'created_at',
      ]),
    );
  });

  test('S052, S463: the outbox by status', async () => {
    const [row, ...others] = await rows(`SELECT status, COUNT(*) as count, AVG(retry_count) as avg_retries
FROM waiting_room_outbox
GROUP BY status;`);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ status: 'PUBLISHED', count: String(events) });
    expect(Number(row?.avg_retries)).toBe(0);
  });

  test('S464: the projections’ checkpoints, in both databases', async () => {
    for (const client of [inEventStore, inReadModels]) {
      const found = await rows('SELECT * FROM projection_checkpoints;', client);
      for (const id of ['waiting-room', 'waiting-room-analytics']) {
        const row = found.find((one) => one['projection_id'] === id);
        expect(row).toMatchObject({ last_position: String(events), is_healthy: true });
        expect(row?.['mirrored_at']).toBeInstanceOf(Date);
      }
    }
  });

  test('S465: the newest lag metrics, in both databases', async () => {
    for (const client of [inEventStore, inReadModels]) {
      await expect
        .poll(
          async () => {
            const metrics = await rows(
              `SELECT * FROM event_lag_metrics
ORDER BY metric_timestamp DESC LIMIT 10;`,
              client,
            );
            return metrics.reduce((sum, row) => sum + Number(row.events_processed_count), 0);
          },
          { timeout: 15_000 },
        )
        .toBe(events);
    }
  });

  test('S486: the events that wait in the outbox (the document’s pseudo-code, completed)', async () => {
    expect(await rows('SELECT * FROM waiting_room_outbox WHERE published = false LIMIT 100')).toEqual([]);
  });

  test('S509: average, p95 and maximum of the last hour', async () => {
    const [row] = await rows(`SELECT
    event_name,
    AVG(total_lag_ms) as avg_lag,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY total_lag_ms) as p95_lag,
    MAX(total_lag_ms) as max_lag
FROM event_processing_lag
WHERE status = 'PROCESSED'
  AND created_at > now() - interval '1 hour'
GROUP BY event_name;`);
    expect(Number(row?.max_lag)).toBeGreaterThanOrEqual(Number(row?.p95_lag));
  });

  test('S512: how long projecting takes, by event', async () => {
    const [row] = await rows(`SELECT event_name, AVG(projection_processing_duration_ms)
   FROM event_processing_lag
   WHERE status = 'PROCESSED'
   GROUP BY event_name;`);
    expect(row?.event_name).toBe('PatientCheckedIn');
    expect(Number(row?.avg)).toBeGreaterThan(0);
  });

  test('S517 and S525: how many messages are pending', async () => {
    expect(await rows('SELECT COUNT(*) FROM waiting_room_outbox WHERE published = false;')).toEqual([{ count: '0' }]);
  });

  test('S524: the size of the event table', async () => {
    const [row] = await rows(`SELECT pg_size_pretty(pg_total_relation_size('waiting_room_events'));`);
    expect(row?.pg_size_pretty).toMatch(/^[1-9]\d* (bytes|kB|MB)$/);
  });

  test('S526: the size of the ledger: one row an event', async () => {
    expect(await rows('SELECT count(*) FROM event_processing_lag;')).toEqual([{ count: String(events) }]);
  });

  test('S049, S528: the clean-up deletes what is older than 30 days and nothing else, and it stays deleted', async () => {
    const cleanUp = `DELETE FROM event_processing_lag WHERE created_at < now() - interval '30 days'`;
    expect((await inEventStore.query(cleanUp)).rowCount).toBe(0);
    // Age cannot be waited for: three rows of the ledger are made old.
    await inEventStore.query(`update lag_ledger set created_at = now() - interval '31 days' where position <= 3`);
    expect((await inEventStore.query(cleanUp)).rowCount).toBe(3);
    expect(await rows('SELECT count(*) FROM event_processing_lag;')).toEqual([{ count: String(events - 3) }]);
  });

  test('S524, S525, S526, S527, S528, S529: what troubleshooting says about a disk that fills runs as it stands there', async () => {
    const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
    const section = /^## 3\. Database disk space[\s\S]*?(?=^## 4\.)/m.exec(page)?.[0] ?? '';
    const blocks = [...section.matchAll(/^ *```sql\n([\s\S]*?)^ *```/gm)].map(([, sql = '']) => sql);
    const inline = [...section.matchAll(/`(SELECT [^`]+;)`/g)].map(([, sql = '']) => sql);
    expect([...blocks, ...inline]).toHaveLength(8);
    for (const sql of [...blocks, ...inline]) await inEventStore.query(sql);
    const counting = blocks.find((sql) => sql.includes('archived_events')) ?? '';
    expect(await rows(counting)).toEqual([{ counted: String(events), last_position: String(events) }]);
  });

  test('S051, S313: raw inserts into events and tags are refused', async () => {
    const insert = `INSERT INTO waiting_room_events
(aggregate_id, event_name, payload, metadata, created_at)
VALUES ('queue-1', 'PatientCheckedIn', '{}', '{}', now());`;
    await expect(inEventStore.query(insert)).rejects.toMatchObject({ code: 'MR001' });
    for (const statement of [
      'delete from waiting_room_events',
      'update waiting_room_events set version = 9',
      'truncate waiting_room_events',
    ]) {
      await expect(inEventStore.query(statement)).rejects.toMatchObject({ code: 'MR001' });
    }
  });

  test('S055–S057, S187, S218–S230: the read models have every column that a seed names', async () => {
    const [queue] = await rows('select * from waiting_queue_view', inReadModels);
    expect(Object.keys(queue ?? {})).toEqual(
      expect.arrayContaining([
        'queue_id',
        'queue_name',
        'max_capacity',
        'current_patient_count',
        'updated_by_event_version',
      ]),
    );
    const [patient] = await rows('select * from waiting_patients_view', inReadModels);
    expect(Object.keys(patient ?? {})).toEqual(
      expect.arrayContaining([
        'queue_id',
        'patient_id',
        'patient_name',
        'priority',
        'consultation_type',
        'position_in_queue',
        'status',
        'updated_by_event_version',
      ]),
    );
    const [event] = await rows('select * from waiting_room_events limit 1');
    expect(Object.keys(event ?? {})).toEqual(
      expect.arrayContaining([
        'event_id',
        'position',
        'version',
        'aggregate_id',
        'event_name',
        'payload',
        'metadata',
        'created_at',
      ]),
    );
  });
});
