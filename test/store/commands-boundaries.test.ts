import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import type { Boundary, Decider } from '../../src/commands/decider.ts';
import { MillraceError } from '../../src/errors.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';
import { addToCart, CartItemAdded, type AddToCart } from '../support/cart.ts';
import { createTestLog, readAll, type TestLog } from '../support/test-log.ts';

const Noted = defineEvent('Noted', {
  schema: Type.Object({ text: Type.String() }),
  tags: (data) => [`note:${data.text}`],
});

interface Note {
  readonly text: string;
  readonly boundary?: Partial<Boundary>;
  readonly elsewhere?: string;
}

/** Counts the notes of one stream, or whatever its boundary says. */
const note: Decider<number, Note, EventOf<typeof Noted>> = {
  name: 'note',
  initial: 0,
  boundary: (command) => ({ stream: 'notes', ...command.boundary }),
  decide: (_count, command) => [
    Noted({ text: command.text }),
    ...(command.elsewhere === undefined ? [] : [Noted({ text: command.text }, { stream: command.elsewhere })]),
  ],
  evolve: (count) => count + 1,
};

let shop: TestLog;
let handler: CommandHandler;
const registry = new EventRegistry('shop', [CartItemAdded, Noted]);
beforeEach(async () => {
  shop = await createTestLog();
  handler = new CommandHandler(shop.log, registry);
});
afterEach(async () => {
  await handler.close();
  await shop.drop();
});

const codes = async (commands: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(commands)).map((answer) =>
    answer.status === 'fulfilled' ? 'stored' : codeOf(answer.reason),
  );

describe('commands that travel in one chain do not pay for each other', () => {
  test('a guard that does not hold refuses its own command only', async () => {
    await handler.execute(note, { text: 'taken' });
    const guards = [{ tags: ['note:taken'], after: 0 }];
    const answers = await codes(
      Array.from({ length: 9 }, (_, n) =>
        handler.execute(note, { text: `n${n}`, ...(n === 4 ? { boundary: { guards } } : {}) }),
      ),
    );
    expect(answers).toEqual(answers.map((_, n) => (n === 4 ? 'CONDITION_FAILED' : 'stored')));
  });

  test('an event that cannot be stored refuses its own command only', async () => {
    const answers = await codes(
      Array.from({ length: 9 }, (_, n) =>
        handler.execute(note, { text: n === 4 ? 'control \u0007' : n === 6 ? '\u0000' : `n${n}` }),
      ),
    );
    expect(answers).toEqual(answers.map((_, n) => (n === 4 ? 'APPEND_INVALID' : n === 6 ? 'EVENT_INVALID' : 'stored')));
  });

  test('a stream that must be new is made once, in a chain and beside others', async () => {
    const boundary: Partial<Boundary> = { stream: 'new-1', newStream: true, reads: [{ tags: ['note:all'] }] };
    const inOneChain = await codes(
      Array.from({ length: 5 }, (_, n) => handler.execute(note, { text: `n${n}`, boundary })),
    );
    expect(inOneChain.filter((code) => code === 'stored')).toHaveLength(1);
    expect(inOneChain.filter((code) => code === 'VERSION_CONFLICT')).toHaveLength(4);
    const own: Partial<Boundary> = { stream: 'new-1', newStream: true };
    expect(await codes([handler.execute(note, { text: 'again', boundary: own })])).toEqual(['VERSION_CONFLICT']);
    const other = { ...own, stream: 'new-2' };
    const mixed = await codes([
      handler.execute(note, { text: 'a', boundary: other }),
      handler.execute(note, { text: 'b' }),
    ]);
    expect(mixed).toEqual(['stored', 'stored']);
  });

  test('hundreds of big commands are split into appends that travel well', async () => {
    const text = 'x'.repeat(50_000);
    const sizes: number[] = [];
    shop.log.onAppended((events) => sizes.push(events.reduce((sum, event) => sum + event.payload.length, 0)));
    const big: Decider<number, Note, EventOf<typeof Noted>> = {
      ...note,
      name: 'big',
      decide: (_count, command) => [{ type: 'Noted', data: { text: command.text.slice(0, 3) + text }, stream: 'big' }],
    };
    const plain = new CommandHandler(
      shop.log,
      new EventRegistry('shop', [defineEvent('Noted', { schema: Type.Object({ text: Type.String() }) })]),
    );
    await Promise.all(Array.from({ length: 100 }, (_, n) => plain.execute(big, { text: `${n}` })));
    await plain.close();
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThan(1_200_000);
    expect(await shop.log.query([{ stream: 'big' }])).toHaveLength(100);
  });
});

describe('the state in memory is the one that the log gives', () => {
  test('also when a decision writes events that its boundary does not read', async () => {
    await handler.execute(note, { text: 'a', elsewhere: 'other' });
    await handler.execute(note, { text: 'b', elsewhere: 'other' });
    const fresh = new CommandHandler(shop.log, registry);
    expect((await handler.state(note, { stream: 'notes' })).state).toBe(2);
    expect((await fresh.state(note, { stream: 'notes' })).state).toBe(2);
    await fresh.close();
  });

  test('also when more events than a page answer several queries each', async () => {
    const commands = Array.from({ length: 700 }, (_, n) =>
      handler.execute(note, { text: n % 2 === 0 ? 'even' : 'odd' }),
    );
    await Promise.all(commands);
    const reads = [{ stream: 'notes' }, { tags: ['note:even'] }, { tags: ['note:odd'], types: ['Noted'] }];
    const { state, position } = await handler.state(note, { stream: 'notes', reads });
    expect(state).toBe(700);
    expect(position).toBe(700);
  });

  test('also after a decision that failed half way', async () => {
    const failing: Decider<number, AddToCart & { readonly fail?: boolean }, EventOf<typeof CartItemAdded>> = {
      ...addToCart,
      name: 'failing',
      decide: (total, command) => [
        CartItemAdded({ by: command.by, total: total + command.by }),
        CartItemAdded({ by: command.fail === true ? 666 : 0, total: total + command.by }),
      ],
      evolve: (total, event) => {
        if (event.data.by === 666) throw new Error('this event cannot be folded in');
        return total + event.data.by;
      },
    };
    const answers = await Promise.allSettled([
      handler.execute(failing, { cart: 'c', by: 1 }),
      handler.execute(failing, { cart: 'c', by: 10, fail: true }),
      handler.execute(failing, { cart: 'c', by: 2 }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const totals = (await readAll(shop.log)).map((event) => registry.decode(event).data['total']);
    expect(totals).toEqual([1, 1, 3, 3]);
  });

  test('a stream that was taken for new is read when it was there', async () => {
    const likely: Decider<number, AddToCart, EventOf<typeof CartItemAdded>> = {
      ...addToCart,
      boundary: (command) => ({ stream: command.cart, likelyNew: true }),
    };
    await handler.execute(addToCart, { cart: 'known', by: 5 });
    const other = new CommandHandler(shop.log, registry);
    await expect(other.execute(likely, { cart: 'known', by: 1, limit: 5 })).rejects.toMatchObject({
      code: 'CART_FULL',
    });
    await other.execute(likely, { cart: 'known', by: 1 });
    await other.execute(likely, { cart: 'fresh', by: 1 });
    expect((await other.state(addToCart, { stream: 'known' })).state).toBe(6);
    await other.close();
  });
});

describe('snapshots', () => {
  const kept = (version: number): Decider<number, AddToCart, EventOf<typeof CartItemAdded>> => ({
    ...addToCart,
    snapshot: { version, every: 10, toJson: (total) => total, fromJson: Number },
  });
  const load = async (version: number) => {
    const other = new CommandHandler(shop.log, registry);
    const { state } = await other.state(kept(version), { stream: 'c' });
    await other.close();
    return state;
  };

  test('are used, those of another version are not, and new events come on top', async () => {
    for (let n = 0; n < 12; n++) await handler.execute(kept(1), { cart: 'c', by: 1 });
    await expect.poll(() => shop.sql('select from snapshots')).toHaveLength(1);
    // A snapshot that tells what the events do not: whoever used it shows.
    await shop.sql(`update snapshots set state = replace(state::text, '"state":"10"', '"state":"1010"')::json`);
    expect(await load(1)).toBe(1_012);
    expect(await load(2)).toBe(12);
    const other = new CommandHandler(shop.log, registry);
    await other.execute(kept(1), { cart: 'c', by: 1 });
    expect((await other.state(kept(1), { stream: 'c' })).state).toBe(1_013);
    await other.close();
  });

  test('are taken as seldom as the rule says, also on a busy stream', async () => {
    let saved = 0;
    const counting = new Proxy(shop.log, {
      get: (target, name) => {
        if (name === 'saveSnapshot') saved++;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const busy = new CommandHandler(counting, registry);
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < 50; n++) await busy.execute(kept(1), { cart: 'c', by: 1 });
      }),
    );
    await busy.close();
    expect(saved).toBeGreaterThan(5);
    expect(saved).toBeLessThanOrEqual(20);
  });
});

describe('a change of the log', () => {
  test('drops what is held in memory, also of boundaries that were pushed out while they worked', async () => {
    const narrow = new CommandHandler(shop.log, registry, { statesInMemory: 2 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => narrow.execute(addToCart, { cart: `c-${n}`, by: 3 })));
    await shop.sql('alter table shop_events disable trigger user');
    await shop.sql(`delete from shop_events where position > 1`);
    await shop.sql('alter table shop_events enable trigger user');
    await shop.sql('update log_info set incarnation = gen_random_uuid()');
    await shop.sql(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where datname = current_database() and application_name like 'millrace%append'`,
    );
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        narrow.execute(addToCart, { cart: `c-${n}`, by: 1, limit: 3.5 }).catch(String),
      ),
    );
    const refused = results.filter((result) => typeof result === 'string');
    // Of the carts only the one whose event is still there is full.
    expect(refused).toHaveLength(1);
    await narrow.close();
  });
});

function codeOf(error: unknown): string {
  return error instanceof MillraceError ? error.code : String(error);
}
