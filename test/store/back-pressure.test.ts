import { readFileSync } from 'node:fs';
import { Pool } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { MillraceError } from '../../src/errors.ts';
import { Lease } from '../../src/postgres/lease.ts';
import { Relay } from '../../src/relay/relay.ts';
import { relaySchema, RelayStore } from '../../src/relay/relay-store.ts';
import { migrateLog } from '../../src/store/postgres/migrate.ts';
import { addToCart, CartItemAdded } from '../support/cart.ts';
import { ScriptedBroker } from '../support/consumer-rig.ts';
import { anEvent, createTestLog, flawsOf, readAll, testNames, type TestLog } from '../support/test-log.ts';

const registry = new EventRegistry('shop', [CartItemAdded]);
/** Every command is for a cart of its own, and reads nothing before it is decided. */
const fillCart: typeof addToCart = { ...addToCart, boundary: ({ cart }) => ({ stream: cart, likelyNew: true }) };
let shop: TestLog;
let handler: CommandHandler;
beforeEach(async () => {
  shop = await createTestLog({ patience: 60_000 });
  handler = new CommandHandler(shop.log, registry);
});
afterEach(async () => {
  await handler.close();
  await shop.drop();
});

test('30,000 commands at a stalled event store: 20,000 wait, the others are refused at once, and none is lost', async () => {
  const roomy = new CommandHandler(shop.open({ maximumWaiting: 100_000 }), registry);
  await stall((n) => roomy.execute(fillCart, { cart: `cart-${n}`, by: 1 }));
  await roomy.close();
});

test('30,000 appends at a stalled event store are bounded in the same way', async () => {
  await stall((n) => shop.log.append({ events: [anEvent({ stream: `cart-${n}` })] }));
});

/** Sends 30,000 of them while nobody can append, counts what is refused, and lets the others go on. */
async function stall(send: (n: number) => Promise<unknown>): Promise<void> {
  await send(30_000);
  const holder = await shop.connect();
  await holder.query('begin');
  await holder.query('select from log_lock for update');
  const refused: string[] = [];
  const stored: string[] = [];
  const failures: unknown[] = [];
  const all = Array.from({ length: 30_000 }, async (_, n) => {
    try {
      await send(n);
      stored.push(`cart-${n}`);
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'QUEUE_FULL') refused.push(`cart-${n}`);
      else failures.push(error);
    }
  });
  try {
    // Nothing got through yet, and what was refused knows it already. One is on its way to the store.
    await expect.poll(() => refused.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(9_999);
    expect(stored).toEqual([]);
  } finally {
    await holder.query('commit');
    await Promise.all(all);
  }
  expect(failures).toEqual([]);
  expect(stored.length + refused.length).toBe(30_000);
  const events = await readAll(shop.log);
  expect(flawsOf(events)).toEqual([]);
  expect(new Set(events.slice(1).map((event) => event.stream))).toEqual(new Set(stored));
}

test('commands that wait in vain for the event store hear so in time, and may be sent again', async () => {
  const log = shop.open({ patience: 200 });
  const impatient = new CommandHandler(log, registry);
  await impatient.execute(fillCart, { cart: 'first', by: 1 });
  const holder = await shop.connect();
  await holder.query('begin');
  await holder.query('select from log_lock for update');
  const all = Array.from({ length: 2_000 }, (_, n) => impatient.execute(fillCart, { cart: `cart-${n}`, by: 1 }));
  // The first batch is on its way, and stays there; the others have not left.
  const sent = Promise.allSettled(all.slice(0, 1_000));
  for (const answer of await Promise.allSettled(all.slice(1_000))) {
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE', retryable: true } });
  }
  await holder.query('commit');
  await sent;
  await impatient.close();
  expect(flawsOf(await readAll(shop.log))).toEqual([]);
});

test('a broker that hangs refuses no command, and carries everything in order once it goes on', async () => {
  const leases = readFileSync(new URL('../../src/postgres/leases.sql', import.meta.url), 'utf8');
  await migrateLog(shop.url, 'shop', testNames, [leases, relaySchema(testNames)]);
  const pool = new Pool({ connectionString: shop.url, max: 3 });
  const broker = new ScriptedBroker();
  const hanging = Promise.withResolvers<void>();
  const handed = Promise.withResolvers<void>();
  broker.script = async (_messages, pass) => {
    handed.resolve();
    await hanging.promise;
    return pass();
  };
  const store = new RelayStore(pool, broker.name);
  const lease = new Lease(pool, store.leaseName, 'one');
  const relay = new Relay({ log: shop.log, broker, store, lease, pollingInterval: 50, publishTimeout: 600_000 });
  relay.start();
  await expect.poll(() => relay.active, { timeout: 15_000 }).toBe(true);
  try {
    await handler.execute(fillCart, { cart: 'first', by: 1 });
    await handed.promise;
    // More than the relay keeps in memory for a broker.
    for (let round = 0; round < 5; round++) {
      const commands = Array.from({ length: 6_000 }, (_, n) =>
        handler.execute(fillCart, { cart: `cart-${round}-${n}`, by: 1 }),
      );
      expect((await Promise.all(commands)).every(({ events }) => events.length === 1)).toBe(true);
    }
    expect(broker.published).toEqual([]);
    hanging.resolve();
    await expect.poll(() => relay.position, { timeout: 30_000 }).toBe(30_001);
    const positions = broker.published.flat().map(({ event }) => event.position);
    expect(positions).toEqual(Array.from({ length: 30_001 }, (_, n) => n + 1));
  } finally {
    hanging.resolve();
    await relay.stop();
    await pool.end();
  }
});
