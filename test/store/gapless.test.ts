import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import { appendParameters } from '../../src/store/postgres/append-batch.ts';
import type { PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { inProcesses } from '../support/store-processes.ts';
import { anEvent, createTestLog, flawsOf, readAll, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
beforeEach(async () => {
  shop = await createTestLog();
});
afterEach(async () => {
  await shop.drop();
});

/** A reader as they come: asks for what lies above the last position that it knows, again and again. */
function tail(log: PostgresLog): { stop(): Promise<readonly RecordedEvent[]> } {
  const seen: RecordedEvent[] = [];
  const stopped = new AbortController();
  const reading = (async () => {
    for (let last = false; ;) {
      last = stopped.signal.aborted;
      const page = await log.read({ after: seen.at(-1)?.position ?? 0, limit: 100 });
      seen.push(...page);
      if (last && page.length === 0) return seen;
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return reading;
    },
  };
}

describe('I2: positions are gapless and in commit order', () => {
  test('while several processes write, transactions are held open, rolled back, and connections are killed', async () => {
    const reader = tail(shop.open());
    const trouble = makeTrouble(shop);
    const stored = await inProcesses<number>(3, shop.url, { what: 'write', callers: 16, each: 40 });
    const killed = await trouble.stop();
    const seen = await reader.stop();

    expect(stored).toEqual([640, 640, 640]);
    expect(killed).toBeGreaterThan(3);
    expect(flawsOf(seen)).toEqual([]);
    // The reader has met all of them on its way: nothing came later at a position that it had passed.
    expect(seen).toEqual(await readAll(shop.log));
    expect(await shop.log.head()).toMatchObject({ position: seen.length });
    expect(seen).toHaveLength(1_920);
  });

  test('a transaction that appended and does not end holds up the others, and hides nothing', async () => {
    await shop.log.append({ events: [anEvent()] });
    const holder = await shop.connect();
    await holder.query('begin');
    const event = anEvent({ stream: 'held' });
    await holder.query(shop.log.statements.append(appendParameters([{ events: [event] }])));
    const later = shop.log.append({ events: [anEvent({ stream: 'later' })] });
    await expect.poll(() => waiting(shop)).toBe(1);
    expect(await readAll(shop.log)).toHaveLength(1);
    await holder.query('commit');
    await later;
    const streams = (await readAll(shop.log)).map((one) => [one.position, one.stream]);
    expect(streams).toEqual([
      [1, 'cart-1'],
      [2, 'held'],
      [3, 'later'],
    ]);
  });

  test('a transaction that is rolled back leaves no gap', async () => {
    await shop.log.append({ events: [anEvent()] });
    const holder = await shop.connect();
    await holder.query('begin');
    await holder.query(shop.log.statements.append(appendParameters([{ events: [anEvent({ stream: 'gone' })] }])));
    const later = shop.log.append({ events: [anEvent({ stream: 'later' })] });
    await expect.poll(() => waiting(shop)).toBe(1);
    await holder.query('rollback');
    await later;
    expect((await readAll(shop.log)).map((one) => [one.position, one.stream])).toEqual([
      [1, 'cart-1'],
      [2, 'later'],
    ]);
  });

  test('an old snapshot that is held open hides nothing from others', async () => {
    const holder = await shop.connect();
    await holder.query('begin isolation level repeatable read');
    await holder.query('select count(*) from shop_events');
    await holder.query('select pg_current_xact_id()');
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => shop.log.append({ events: [anEvent({ stream: `s-${n % 3}` })] })),
    );
    expect(flawsOf(await readAll(shop.log, 7))).toEqual([]);
    expect(await readAll(shop.log)).toHaveLength(100);
    await holder.query('rollback');
  });
});

async function waiting(shop: TestLog): Promise<number> {
  const rows = await shop.sql<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

/** Kills the writers' connections again and again, holds the lock now and then, and rolls back appends of its own. */
function makeTrouble(shop: TestLog): { stop(): Promise<number> } {
  const stopped = new AbortController();
  let killed = 0;
  const work = (async () => {
    const holder = await shop.connect();
    for (let n = 0; !stopped.signal.aborted; n++) {
      await holder.query('begin');
      await holder.query(
        shop.log.statements.append(appendParameters([{ events: [anEvent({ stream: 'rolled-back' })] }])),
      );
      // All three writers wait behind this, or write before it.
      if (n % 2 === 0) {
        const rows = await shop.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name like '%append' order by random() limit 1`,
        );
        killed += rows.length;
      }
      await holder.query('rollback');
      const { position } = await shop.log.head();
      // Let the writers go on for a few batches before the next blow.
      await expect
        .poll(async () => stopped.signal.aborted || (await shop.log.head()).position > position + 50, {
          interval: 5,
          timeout: 10_000,
        })
        .toBe(true);
    }
    return killed;
  })();
  return {
    stop: () => {
      stopped.abort();
      return work;
    },
  };
}
