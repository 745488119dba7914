import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { addToCart, CartItemAdded } from '../support/cart.ts';
import { aKey, createTestLog, readAll, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
let handler: CommandHandler;
const registry = new EventRegistry('shop', [CartItemAdded]);
beforeEach(async () => {
  shop = await createTestLog();
  handler = new CommandHandler(shop.log, registry);
});
afterEach(async () => {
  await handler.close();
  await shop.drop();
});

const keyed = (value: string, request: unknown = 'body') => ({
  key: { scope: 'someone POST /carts', value, request },
  answer: (events: readonly { readonly data: unknown }[]) => ({ events: events.length }),
});

describe('a command key', () => {
  test('gives the same answer again, in this process and in another, and does nothing', async () => {
    const first = await handler.execute(addToCart, { cart: 'c', by: 2 }, keyed('k'));
    expect(first).toMatchObject({ replayed: false, answer: { events: 1 }, position: 1 });
    const other = new CommandHandler(shop.open(), registry);
    for (const again of [handler, other]) {
      expect(await again.execute(addToCart, { cart: 'c', by: 2 }, keyed('k'))).toMatchObject({
        replayed: true,
        answer: { events: 1 },
        position: 1,
      });
    }
    await other.close();
    expect(await readAll(shop.log)).toHaveLength(1);
  });

  test('with another request is refused, and the order of its fields does not matter', async () => {
    await handler.execute(addToCart, { cart: 'c', by: 2 }, keyed('k', { a: 1, b: 2 }));
    await expect(handler.execute(addToCart, { cart: 'c', by: 3 }, keyed('k', { a: 1, b: 3 }))).rejects.toMatchObject({
      code: 'KEY_REUSED',
    });
    await expect(handler.execute(addToCart, { cart: 'c', by: 2 }, keyed('k', { b: 2, a: 1 }))).resolves.toMatchObject({
      replayed: true,
    });
  });

  test('of another scope is another key', async () => {
    await handler.execute(addToCart, { cart: 'c', by: 1 }, keyed('k'));
    const elsewhere = { key: { scope: 'someone else POST /carts', value: 'k', request: 'body' } };
    await expect(handler.execute(addToCart, { cart: 'c', by: 1 }, elsewhere)).resolves.toMatchObject({
      replayed: false,
    });
  });

  test.each(['', 'x'.repeat(201), 'ümlaut', 'tab\t'])('that is %j is refused', async (value) => {
    await expect(handler.execute(addToCart, { cart: 'c', by: 1 }, keyed(value))).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
  });

  test('used many times at the same moment, on two handlers and two streams, takes effect once', async () => {
    const other = new CommandHandler(shop.open(), registry);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (n % 2 === 0 ? handler : other).execute(addToCart, { cart: `c-${n % 4}`, by: 1 }, keyed('k')),
      ),
    );
    await other.close();
    expect(results.filter((result) => !result.replayed)).toHaveLength(1);
    expect(new Set(results.map((result) => result.position))).toEqual(new Set([1]));
    expect(await readAll(shop.log)).toHaveLength(1);
  });

  test('keeps a refusal, although the command would pass by now', async () => {
    await handler.execute(addToCart, { cart: 'c', by: 10 });
    const refused = () => handler.execute(addToCart, { cart: 'c', by: 1, limit: 10 }, keyed('k'));
    await expect(refused()).rejects.toMatchObject({ code: 'CART_FULL', message: 'The cart holds 10.' });
    await handler.execute(addToCart, { cart: 'c', by: -5 });
    await expect(refused()).rejects.toMatchObject({
      code: 'CART_FULL',
      message: 'The cart holds 10.',
      kind: 'rejected',
    });
  });

  test('gives the first answer although the decision would be a refusal by now', async () => {
    const add = () => handler.execute(addToCart, { cart: 'c', by: 10, limit: 10 }, keyed('k'));
    await add();
    await expect(add()).resolves.toMatchObject({ replayed: true });
  });

  test('of a command without an event is kept as well', async () => {
    await handler.execute(addToCart, { cart: 'c', by: 1 });
    await expect(handler.execute(addToCart, { cart: 'c', by: 0 }, keyed('k'))).resolves.toMatchObject({
      position: 1,
      replayed: false,
    });
    await expect(handler.execute(addToCart, { cart: 'c', by: 0 }, keyed('k'))).resolves.toMatchObject({
      position: 1,
      replayed: true,
    });
  });

  test('among others in a chain is replayed, and the others take effect once', async () => {
    await handler.execute(addToCart, { cart: 'c', by: 1 }, keyed('k0'));
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        handler.execute(addToCart, { cart: 'c', by: 1 }, n % 3 === 2 ? {} : keyed(`k${n % 3}-${n % 5}`)),
      ),
    );
    const effective = results.filter((result) => !result.replayed);
    expect(effective).toHaveLength(20);
    expect((await handler.state(addToCart, { stream: 'c' })).state).toBe(21);
  });

  test('is forgotten after 24 hours, page by page, and not a minute earlier', async () => {
    await shop.sql(
      `insert into command_keys select gen_random_uuid(), gen_random_uuid(), '{}', 0, 0, clock_timestamp() - interval '24 hours 1 minute'
       from generate_series(1, 12000)`,
    );
    await shop.sql(
      `insert into command_keys select gen_random_uuid(), gen_random_uuid(), '{}', 0, 0, clock_timestamp() - interval '23 hours 59 minutes'
       from generate_series(1, 10)`,
    );
    const young = aKey();
    await shop.log.append({ events: [], keys: [young] });
    const pruned = await Promise.all([shop.log.pruneKeys(), shop.open().pruneKeys()]);
    expect(pruned[0] + pruned[1]).toBe(12_000);
    expect(await shop.sql('select from command_keys')).toHaveLength(11);
    expect(await shop.log.append({ events: [], keys: [young] })).toMatchObject({ outcome: 'key-exists' });
    expect(await shop.log.pruneKeys()).toBe(0);
  });
});

describe('a handler', () => {
  test('refuses with QUEUE_FULL beyond its bound, and goes on afterwards', async () => {
    const narrow = new CommandHandler(shop.log, registry, { maximumInFlight: 10 });
    const answers = await Promise.allSettled(
      Array.from({ length: 15 }, () => narrow.execute(addToCart, { cart: 'c', by: 1 })),
    );
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(10);
    expect(answers.at(-1)).toMatchObject({ reason: { code: 'QUEUE_FULL' } });
    await narrow.execute(addToCart, { cart: 'c', by: 1 });
    await narrow.close();
  });

  test('that is closed refuses, after it has answered everything that was under way', async () => {
    const under = Array.from({ length: 200 }, (_, n) =>
      handler.execute(addToCart, { cart: `c-${n % 3}`, by: 1 }, n % 2 === 0 ? {} : keyed(`k${n % 20}`)),
    );
    let answered = 0;
    for (const one of under) void one.then(() => answered++);
    await handler.close();
    expect(answered).toBe(200);
    await expect(handler.execute(addToCart, { cart: 'c', by: 1 })).rejects.toMatchObject({ code: 'STOPPING' });
  });
});
