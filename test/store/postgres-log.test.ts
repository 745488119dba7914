import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventLogConformance } from '../conformance/event-log.conformance.ts';
import { anEvent, createTestLog, readAll, testNames, type TestLog } from '../support/test-log.ts';
import { migrateLog } from '../../src/store/postgres/migrate.ts';
import { openPostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { createTestDatabase } from '../support/test-database.ts';

eventLogConformance('PostgreSQL', createTestLog);

describe('the PostgreSQL log', () => {
  let shop: TestLog;
  beforeEach(async () => {
    shop = await createTestLog();
  });
  afterEach(async () => {
    await shop.drop();
  });

  test('close answers what waits, refuses what comes later, and may be called twice', async () => {
    const waiting = Array.from({ length: 300 }, (_, n) =>
      shop.log.append({ events: [anEvent({ stream: `s-${n % 3}` })] }),
    );
    const closed = shop.log.close();
    await expect(shop.log.append({ events: [anEvent()] })).rejects.toMatchObject({ code: 'STOPPING' });
    await closed;
    await shop.log.close();
    const outcomes = await Promise.all(waiting);
    expect(outcomes.every((outcome) => outcome.outcome === 'stored')).toBe(true);
    expect(await readAll(shop.open())).toHaveLength(300);
  });

  test('more requests, or more bytes, than may wait are refused with QUEUE_FULL', async () => {
    const narrow = shop.open({ maximumWaiting: 10, maximumWaitingSize: 100_000 });
    const many = await Promise.allSettled(Array.from({ length: 30 }, () => narrow.append({ events: [anEvent()] })));
    expect(many.filter((one) => one.status === 'fulfilled')).toHaveLength(10);
    expect(many.at(-1)).toMatchObject({ reason: { code: 'QUEUE_FULL' } });
    const payload = JSON.stringify({ text: 'x'.repeat(60_000) });
    const big = await Promise.allSettled([1, 2, 3].map(() => narrow.append({ events: [anEvent({ payload })] })));
    expect(big.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(narrow.append({ events: [anEvent()] })).resolves.toMatchObject({ outcome: 'stored' });
  });

  test('thousands of requests for one stream, versions left to the log, travel in few transactions', async () => {
    const count = 4_000;
    const before = await transactions(shop);
    await Promise.all(Array.from({ length: count }, () => shop.log.append({ events: [anEvent()] })));
    expect((await transactions(shop)) - before).toBeLessThan(100);
    expect(await readAll(shop.log)).toHaveLength(count);
  });

  test('a database that was never prepared says so', async () => {
    const empty = await createTestDatabase();
    const log = openPostgresLog({ url: empty.url, name: 'shop', names: testNames, patience: 50 });
    try {
      await expect(log.append({ events: [anEvent()] })).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
      await expect(log.read()).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
    } finally {
      await log.close();
      await empty.drop();
    }
  });

  test('preparing the database again, by several at once and while writers write, changes nothing', async () => {
    const { incarnation } = await shop.log.head();
    const stop = new AbortController();
    const writer = (async () => {
      let count = 0;
      while (!stop.signal.aborted) {
        await shop.log.append({ events: [anEvent()], expect: [{ stream: 'cart-1', version: count }] });
        count++;
      }
      return count;
    })();
    await Promise.all([1, 2, 3].map(() => migrateLog(shop.url, 'shop', testNames)));
    stop.abort();
    const written = await writer;
    expect(await readAll(shop.log)).toHaveLength(written);
    expect((await shop.log.head()).incarnation).toBe(incarnation);
  });

  test('a database of a newer program is refused and left alone', async () => {
    await shop.sql('update millrace_schema set version = 1000');
    await expect(migrateLog(shop.url, 'shop', testNames)).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
  });

  describe('is append-only', () => {
    const refused = [
      `update shop_events set payload = '{}'`,
      'delete from shop_events',
      'truncate shop_events',
      `insert into shop_events values (2, gen_random_uuid(), 's', 1, 'T', 1, '{}', '{}', null, now())`,
      `update event_tags set tag = 'other'`,
      'delete from event_tags',
      'truncate event_tags',
      `insert into event_tags values ('tag', 2, 'T')`,
      `copy event_tags from program 'echo'`,
    ];
    test.each(refused)('%s', async (statement) => {
      await shop.log.append({ events: [anEvent({ tags: ['tag'] })] });
      await expect(shop.sql(statement)).rejects.toMatchObject({ code: 'MR001' });
      expect(await shop.log.query([{ tags: ['tag'] }])).toHaveLength(1);
    });

    test('after an append the same session may not insert either', async () => {
      const client = await shop.connect();
      await client.query('begin');
      await client.query(`set local application_name = 'x'`);
      const empty = Array.from({ length: 26 }, () => `'{}'`).join(', ');
      await client.query(`select millrace_append(${empty})`);
      await expect(client.query(`insert into event_tags values ('tag', 2, 'T')`)).rejects.toMatchObject({
        code: 'MR001',
      });
    });
  });
});

async function transactions(shop: TestLog): Promise<number> {
  const rows = await shop.sql<{ count: string }>(`select count(distinct xmin::text) as count from shop_events`);
  return Number(rows[0]?.count);
}
