import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { migrateLog } from '../../src/store/postgres/migrate.ts';
import { addToCart, CartItemAdded } from '../support/cart.ts';
import {
  dumpAndRestore,
  hasDebianPostgres,
  startDebianCluster,
  type DebianCluster,
} from '../support/debian-cluster.ts';
import { aKey, anEvent, flawsOf, readAll, testNames, useTestLog, type TestLog } from '../support/test-log.ts';

// The embedded binaries hold no pg_dump, and Debian's refuses a newer server: both ends are Debian's here.
describe.skipIf(!hasDebianPostgres)('I2, I10: a log that was dumped and restored into a fresh cluster', () => {
  let clusters: DebianCluster[] = [];
  const shops: TestLog[] = [];
  beforeAll(async () => {
    clusters = await Promise.all([startDebianCluster(), startDebianCluster()]);
  });
  afterAll(async () => {
    await Promise.all(shops.map((shop) => shop.drop()));
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  });

  test('has all of its events, is a new incarnation, counts on, and keeps its guards', async () => {
    const [old, fresh] = clusters.map((cluster) => useTestLog(cluster.url));
    if (old === undefined || fresh === undefined) throw new Error('Two clusters are needed.');
    shops.push(old, fresh);
    await migrateLog(old.url, 'shop', testNames);
    // Transaction ids of the old cluster must mean nothing in the new one.
    for (let n = 0; n < 50; n++) await old.sql('select pg_current_xact_id()');
    const key = aKey();
    await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        old.log.append({ events: [anEvent({ stream: `s-${n % 5}`, tags: [`t:${n % 3}`] })] }),
      ),
    );
    await old.log.append({ events: [], keys: [key] });
    const handler = new CommandHandler(old.log, new EventRegistry('shop', [CartItemAdded]));
    await handler.execute(addToCart, { cart: 'c', by: 1 });
    await handler.close();

    await dumpAndRestore(old.url, fresh.url);
    const before = await fresh.log.head();
    await migrateLog(fresh.url, 'shop', testNames);

    const [oldHead, head] = [await old.log.head(), await fresh.log.head()];
    expect(before.incarnation).toBe(oldHead.incarnation);
    expect(head.incarnation).not.toBe(oldHead.incarnation);
    expect(head).toMatchObject({ position: oldHead.position, eventId: oldHead.eventId });
    expect(await readAll(fresh.log)).toEqual(await readAll(old.log));
    expect(await fresh.log.query([{ tags: ['t:1'] }])).toEqual(await old.log.query([{ tags: ['t:1'] }]));

    const again = new CommandHandler(fresh.log, new EventRegistry('shop', [CartItemAdded]));
    expect(await again.execute(addToCart, { cart: 'c', by: 1 })).toMatchObject({
      position: 302,
      events: [{ version: 2 }],
    });
    await again.close();
    expect(await fresh.log.append({ events: [], keys: [key] })).toMatchObject({ outcome: 'key-exists' });
    expect(await fresh.log.append({ events: [anEvent()], conditions: [{ tags: ['t:1'], after: 0 }] })).toMatchObject({
      outcome: 'conflict',
    });
    await expect(fresh.sql('delete from shop_events')).rejects.toMatchObject({ code: 'MR001' });
    await expect(fresh.sql('delete from event_tags')).rejects.toMatchObject({ code: 'MR001' });
    expect(flawsOf(await readAll(fresh.log))).toEqual([]);

    await migrateLog(fresh.url, 'shop', testNames);
    expect((await fresh.log.head()).incarnation, 'another start is no restore').toBe(head.incarnation);
  });
});
