import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import type { EventLog } from '../../src/store/store.ts';
import { addToCart, CartItemAdded } from '../support/cart.ts';
import { inProcesses } from '../support/store-processes.ts';
import { createTestLog, flawsOf, readAll, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
const handlers: CommandHandler[] = [];
beforeEach(async () => {
  shop = await createTestLog();
});
afterEach(async () => {
  await Promise.all(handlers.splice(0).map((handler) => handler.close()));
  await shop.drop();
});

function handlerOn(log: EventLog): CommandHandler {
  const handler = new CommandHandler(log, new EventRegistry('shop', [CartItemAdded]));
  handlers.push(handler);
  return handler;
}

/** Every event says the total after it: an update that was decided on an old state shows. */
async function lostUpdates(log: EventLog): Promise<string[]> {
  const totals = new Map<string, number>();
  const flaws: string[] = [];
  const events = await readAll(log);
  for (const event of events) {
    const { by, total } = new EventRegistry('shop', [CartItemAdded]).decode(event).data;
    const wanted = (totals.get(event.stream) ?? 0) + Number(by);
    if (Number(total) !== wanted) flaws.push(`${event.stream} says ${Number(total)} where it holds ${wanted}`);
    totals.set(event.stream, wanted);
  }
  return [...flaws, ...flawsOf(events)];
}

describe('no update is lost', () => {
  test('64 callers on one stream in one process', async () => {
    const handler = handlerOn(shop.log);
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        for (let n = 0; n < 20; n++) await handler.execute(addToCart, { cart: 'hot', by: 1 });
      }),
    );
    expect((await handler.state(addToCart, { stream: 'hot' })).state).toBe(1_280);
    expect(await lostUpdates(shop.log)).toEqual([]);
  });

  test('two handlers with logs of their own on the same 64 streams: every command is answered', async () => {
    const pair = [handlerOn(shop.open()), handlerOn(shop.open())];
    const answered = await Promise.all(
      pair.map(async (handler) => {
        const counts = await Promise.all(
          Array.from({ length: 64 }, async (_, stream) => {
            for (let n = 0; n < 10; n++) await handler.execute(addToCart, { cart: `cart-${stream}`, by: 1 });
            return 10;
          }),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      }),
    );
    expect(answered).toEqual([640, 640]);
    expect(await readAll(shop.log)).toHaveLength(1_280);
    expect(await lostUpdates(shop.log)).toEqual([]);
  });

  test('two processes on the same 64 streams: every command is answered', async () => {
    expect(await inProcesses<number>(2, shop.url, { what: 'commands', streams: 64, each: 15 })).toEqual([960, 960]);
    expect(await readAll(shop.log)).toHaveLength(1_920);
    expect(await lostUpdates(shop.log)).toEqual([]);
  });

  test('beside a rival that hammers the stream, a command gets through within 100 of its appends', async () => {
    const rival = handlerOn(shop.open());
    const quiet = handlerOn(shop.open());
    const stop = new AbortController();
    const hammering = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!stop.signal.aborted) await rival.execute(addToCart, { cart: 'hot', by: 1 });
      }),
    );
    const waits: number[] = [];
    for (let n = 0; n < 50; n++) {
      const before = (await shop.log.head()).position;
      const { position } = await quiet.execute(addToCart, { cart: 'hot', by: 1 });
      waits.push(position - before);
    }
    stop.abort();
    await hammering;
    expect((await readAll(shop.log)).length).toBeGreaterThan(100);
    // A chain of the rival holds up to eight commands. Two lost races and a turn at the lock are a few appends; a busy
    // machine that lets one of the two wait for its processor makes more of it.
    expect(Math.max(...waits)).toBeLessThan(100 * 8);
    expect(await lostUpdates(shop.log)).toEqual([]);
  });
});

describe('a refusal', () => {
  test('that was decided on a memory that is old is decided again', async () => {
    const [mine, other] = [handlerOn(shop.open()), handlerOn(shop.open())];
    await mine.execute(addToCart, { cart: 'full', by: 10 });
    await other.execute(addToCart, { cart: 'full', by: -9 });
    // In memory the cart still holds 10.
    await expect(mine.execute(addToCart, { cart: 'full', by: 1, limit: 10 })).resolves.toMatchObject({
      events: [{ version: 3 }],
    });
    await expect(mine.execute(addToCart, { cart: 'full', by: 9, limit: 10 })).rejects.toMatchObject({
      code: 'CART_FULL',
    });
  });

  test('with a key is decided again too, and it is the right one that is kept', async () => {
    const [mine, other] = [handlerOn(shop.open()), handlerOn(shop.open())];
    await mine.execute(addToCart, { cart: 'full', by: 10 });
    await other.execute(addToCart, { cart: 'full', by: -9 });
    const key = { scope: 's', value: 'k', request: 1 };
    const add = () => mine.execute(addToCart, { cart: 'full', by: 1, limit: 10 }, { key });
    await expect(add()).resolves.toMatchObject({ replayed: false });
    await expect(add()).resolves.toMatchObject({ replayed: true });
  });
});
