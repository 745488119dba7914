import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../../src/server/problem.ts';
import { anEvent, createTestLog, readAll, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
beforeEach(async () => {
  shop = await createTestLog();
});
afterEach(async () => {
  await shop.drop();
});

const size = async () => {
  const rows = await shop.sql<{ size: string }>('select pg_database_size(current_database()) as size');
  return Number(rows[0]?.size);
};

describe('a log with a limit', () => {
  test('refuses appends when its database has grown beyond it, answers reads, and goes on when there is room', async () => {
    const limit = (await size()) + 300_000;
    const log = shop.open({ diskLimit: limit, diskLimitInterval: 0 });
    const payload = JSON.stringify({ text: 'x'.repeat(100_000) });
    let stored = 0;
    const fill = async (): Promise<unknown> => {
      for (;;) {
        try {
          // Not the same text again and again: it would be stored compressed.
          const noise = Array.from({ length: 2_000 }, () => Math.random().toString(36)).join('');
          await log.append({
            events: [anEvent({ stream: `s-${stored}`, payload: JSON.stringify({ noise, payload }) })],
          });
          stored++;
        } catch (error) {
          return error;
        }
      }
    };
    const refusal = await fill();
    expect(refusal).toMatchObject({ code: 'LOG_FULL', kind: 'unavailable' });
    expect(failureOf(refusal)).toMatchObject({ status: 503, retryAfter: 10 });
    expect(log.isFull()).toBe(true);
    expect(stored).toBeGreaterThan(0);
    expect(await readAll(log)).toHaveLength(stored);
    expect((await log.head()).position).toBe(stored);
    expect(await size()).toBeGreaterThan(limit);

    // Somebody makes room.
    const roomy = shop.open({ diskLimit: (await size()) + 1_000_000, diskLimitInterval: 0 });
    await roomy.lookAtSize();
    await shop.sql('create table more as select n from generate_series(1, 100000) n');
    await roomy.lookAtSize();
    await expect(roomy.append({ events: [anEvent()] })).rejects.toMatchObject({ code: 'LOG_FULL' });
    await shop.sql('drop table more');
    await expect
      .poll(() => roomy.append({ events: [anEvent({ stream: 'later' })] }).catch(() => undefined), { timeout: 15_000 })
      .toBeDefined();
    expect(roomy.isFull()).toBe(false);
  });

  test('asks for the size once in ten seconds, however many commands come', async () => {
    const log = shop.open({ diskLimit: (await size()) + 1_000_000 });
    await shop.sql('create table more as select n from generate_series(1, 100000) n');
    await log.lookAtSize();
    await shop.sql('drop table more');
    // There is room again, and nobody has asked since.
    for (let n = 0; n < 50; n++) {
      await expect(log.append({ events: [anEvent({ stream: `s-${n}` })] })).rejects.toMatchObject({ code: 'LOG_FULL' });
      await log.head();
    }
  });

  test('without a limit grows as it likes', async () => {
    expect(shop.log.isFull()).toBeUndefined();
    await shop.log.lookAtSize();
    expect((await shop.log.append({ events: [anEvent()] })).outcome).toBe('stored');
  });
});
