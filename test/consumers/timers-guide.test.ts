import pg from 'pg';
import { expect, test } from 'vitest';
import { defineProjection, defineSystem, startSystem } from '../../src/index.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { givenEvents, inStream } from '../../src/testing/index.ts';
import { eventually } from '../support/example-databases.ts';
import { order, OrderGivenUp, OrderPaid, OrderPlaced, paymentDeadline } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';

/** What docs/guides/timers.md shows, run. */
const guide = readRepositoryFile('docs/guides/timers.md');
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);

const shop = defineSystem({
  name: 'shop',
  events: [OrderPlaced, OrderPaid, OrderGivenUp],
  tables: { events: 'shop_events', outbox: 'shop_outbox' },
  databases: { eventStore: 'shop', readModels: 'shop_read' },
  projections: [
    defineProjection({
      id: 'items',
      schema: new URL('../support/deadlines.sql', import.meta.url),
      rows: [],
      exposes: ['items'],
    }),
  ],
  timers: [paymentDeadline],
});

test('every block of code in the guide is one that tests run', () => {
  const run = ['test/support/orders.ts', 'test/consumers/timers-guide.test.ts'].map(readRepositoryFile).map(flat);
  expect(blocks('ts')).toHaveLength(4);
  for (const block of blocks('ts'))
    expect(
      run.some((file) => file.includes(flat(block))),
      block,
    ).toBe(true);
});

test('an order that nobody pays for is given up at its time, one that is paid is not', async () => {
  const stores = [await createTestDatabase(), await createTestDatabase()];
  const [eventStoreUrl = '', readModelsUrl = ''] = stores.map(({ url }: TestDatabase) => url);
  await migrateSystem(shop, { eventStoreUrl, readModelsUrl });
  const clock = { now: Date.UTC(2026, 0, 1) };
  const system = await startSystem(shop, { eventStoreUrl, readModelsUrl, timers: { now: () => clock.now } });
  try {
    for (const name of ['order-7', 'order-8']) await system.execute(order, { type: 'place', order: name });
    const { position } = await system.execute(order, { type: 'pay', order: 'order-8' });
    await eventually('the timers are there', async () => (await system.projections.get('timers')).position >= position);
    const [looked = '', settled = ''] = blocks('sql');
    expect(await system.readModels.query(looked)).toMatchObject([{ key: 'order-7', payload: {} }]);
    clock.now = Date.now() + 60 * 60_000;
    await eventually('order-7 is given up', async () => (await system.log.head()).position === position + 1);
    expect((await system.state(order, { stream: 'order-7' })).state.status).toBe('given up');
    expect((await system.state(order, { stream: 'order-8' })).state.status).toBe('paid');
    // The read model and the firing are both cleared away by the event that the timer has caused.
    await eventually('nothing is left', async () => (await system.readModels.query(looked)).length === 0);
    const store = new pg.Client({ connectionString: eventStoreUrl });
    await store.connect();
    await eventually('no firing is kept', async () => (await store.query(settled)).rowCount === 0);
    await store.end();
  } finally {
    await system.stop();
    for (const store of stores) await store.drop();
  }
});

test('which timers stand after some events is a question to the projection', () => {
  const payBy = Date.UTC(2026, 0, 1);
  const timers = shop.projections.find(({ id }) => id === 'timers') ?? expect.fail();
  givenEvents(timers, inStream('order-7', OrderPlaced({ payBy }))).thenRows('timers', [
    { timer: 'payment-deadline/order-7', due_at: payBy },
  ]);
  givenEvents(timers, inStream('order-7', OrderPlaced({ payBy }), OrderPaid({}))).thenRows('timers', []);
});

/** Without what the depth of a block does to its lines. */
function flat(code: string): string {
  return code.replaceAll(/\s+/g, ' ').trim();
}
