import { DatabaseError } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendParameters } from '../../src/store/postgres/append-batch.ts';
import type { AppendRequest, EventLog } from '../../src/store/store.ts';
import { race, raceRequest, skewedPair, unfairRounds } from '../support/races.ts';
import { aKey, anEvent, createTestLog, flawsOf, readAll, type TestLog } from '../support/test-log.ts';

/** Every guard of the log is taken away once, in a database of its own: what it stands against happens then. */
describe('without its guard', () => {
  let shop: TestLog;
  let logs: EventLog[];
  beforeEach(async () => {
    shop = await createTestLog({ patience: 3_000 });
    logs = [1, 2, 3, 4].map(() => shop.open());
  });
  afterEach(async () => {
    await shop.drop();
  });

  /** Installs the append function with one place of its text replaced. */
  const weaken = async (place: string, by: string): Promise<void> => {
    const text = shop.log.statements.file('append.sql');
    expect(text.split(place), 'the guard stands once in append.sql').toHaveLength(2);
    await shop.sql(text.replace(place, by));
  };
  /** A log connects at its first use: racers that are still connecting do not race. */
  const connectAll = async (): Promise<void> => {
    for (const log of logs) await log.append({ events: [anEvent()] });
  };
  const racing = async (boundary: 'stream' | 'condition'): Promise<string[]> =>
    unfairRounds(await race(logs, 4, 50, (round) => raceRequest(boundary, `race-${round}`)));
  const rollbacks = async (): Promise<number> => {
    const rows = await shop.sql<{ count: number }>(
      `select coalesce(sum(xact_rollback), 0)::int as count from pg_stat_database where datname = current_database()`,
    );
    return rows[0]?.count ?? 0;
  };
  /** Statistics arrive when a session ends or after a second: the logs' sessions end here. */
  const rollbacksAfterClosing = async (): Promise<number> => {
    await Promise.all(logs.map((log) => log.close()));
    await expect
      .poll(async () => shop.sql(`select from pg_stat_activity where application_name like '%shop append'`))
      .toHaveLength(0);
    return rollbacks();
  };

  test('nothing happens while all of them stand', async () => {
    expect(await racing('stream')).toEqual([]);
    expect(await racing('condition')).toEqual([]);
    expect(await rollbacksAfterClosing()).toBe(0);
  });

  test('lock first: a second writer runs into the unique indexes instead of waiting its turn', async () => {
    await weaken('perform 1 from log_lock for update;', 'perform 1 from log_lock;');
    const append = (): ReturnType<typeof shop.log.statements.append> =>
      shop.log.statements.append(appendParameters([{ events: [anEvent()] }]));
    const [first, second] = [await shop.connect(), await shop.connect()];
    await first.query('begin');
    await first.query(append());
    const outcome = second.query(append()).then(
      () => 'stored',
      (error: unknown) => (error instanceof DatabaseError ? error.code : String(error)),
    );
    // The second one has read the same head, and waits to learn what becomes of the first one's position.
    await expect
      .poll(async () =>
        shop.sql(`select from pg_locks where not granted and locktype = 'transactionid'
          and pid in (select pid from pg_stat_activity where datname = current_database())`),
      )
      .toHaveLength(1);
    await first.query('commit');
    expect(await outcome).toBe('23505');
  });

  test('lock first, and positions from the key behind it: two racers win', async () => {
    await weaken('perform 1 from log_lock for update;', 'perform 1 from log_lock;');
    const sequence = shop.log.statements
      .file('append.sql')
      .replace('perform 1 from log_lock for update;', 'perform 1 from log_lock;')
      .replace('head := coalesce(head, 0);', `head := nextval('positions') * 1000; perform pg_sleep(0.005);`);
    await shop.sql('create sequence positions');
    await shop.sql(sequence);
    await connectAll();
    const wins = await race(logs, 4, 200, (round) => ({
      ...raceRequest('condition', `race-${round}`),
      conditions: [{ tags: [`race-${round}`], after: 0 }],
    }));
    expect(unfairRounds(wins)).not.toEqual([]);
  });

  test('the version check: two that look at each other’s stream are both stored', async () => {
    await weaken('where v.expected <> coalesce(', 'where false and v.expected <> coalesce(');
    const [a, b] = skewedPair('stream', 'skew');
    expect([await shop.log.append(a), await shop.log.append(b)]).toMatchObject([
      { outcome: 'stored' },
      { outcome: 'stored' },
    ]);
  });

  test('the condition check: a tag is taken by many', async () => {
    await weaken(
      'where exists (\n      select from event_tags t',
      'where false and exists (\n      select from event_tags t',
    );
    expect(await racing('condition')).not.toEqual([]);
  });

  test('the key check: a key that was used has no answer', async () => {
    await weaken('where exists (select from command_keys s where s.key = k.key)', 'where false');
    const request = { events: [anEvent()], keys: [aKey({ eventCount: 1 })] };
    await shop.log.append(request);
    await expect(shop.log.append({ ...request, events: [anEvent()] })).rejects.toMatchObject({
      code: 'APPEND_INVALID',
    });
  });

  test('the isolation check: an append runs on a snapshot from before its lock', async () => {
    await weaken(`if current_setting('transaction_isolation') <> 'read committed' then`, 'if false then');
    const holder = await shop.connect();
    await holder.query('begin');
    await holder.query(call(anEvent({ tags: ['slot:1'] })));
    const racer = await shop.connect();
    await racer.query(`set default_transaction_isolation = 'repeatable read'`);
    const late = racer
      .query(call(anEvent({ tags: ['slot:1'] }), [{ tags: ['slot:1'], after: 0 }]))
      .catch((error: unknown) => error);
    await expect
      .poll(() =>
        shop.sql(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`),
      )
      .toHaveLength(1);
    await holder.query('commit');
    // It passed its check, and only the unique index behind it stood in its way.
    expect(await late).toMatchObject({ code: '23505' });
  });

  test('the check of the lock row: a missing row locks nothing, and nobody hears of it', async () => {
    await weaken('if not found then', 'if false then');
    await shop.sql('delete from log_lock');
    expect(await shop.log.append({ events: [anEvent()] })).toMatchObject({ outcome: 'stored' });
  });

  test('the unique index on event ids: an event that is sent again is doubled', async () => {
    await shop.sql('alter table shop_events drop constraint shop_events_event_id');
    const event = anEvent();
    await shop.log.append({ events: [event] });
    await shop.log.append({ events: [event] });
    expect(flawsOf(await readAll(shop.log))).not.toEqual([]);
  });

  test('the look at ids that are there already: a request that is sent again meets its own events as a conflict', async () => {
    await weaken('where e.g = any (rejected) and (exists', 'where false and (exists');
    const request = { events: [anEvent()], expect: [{ stream: 'cart-1', version: 0 }] };
    await shop.log.append(request);
    expect(await shop.log.append(request)).toMatchObject({ outcome: 'conflict' });
  });

  test('the order of a batch (what excludes each other waits for the next one): both are stored', async () => {
    for (const boundary of ['condition', 'stream'] as const) {
      const [a, b] = skewedPair(boundary, 'skew');
      const { position } = await shop.log.head();
      await (await shop.connect()).query(shop.log.statements.append(appendParameters([a, b])));
      expect(await shop.log.read({ after: position })).toHaveLength(2);
    }
  });

  test('the triggers: events can be changed and deleted', async () => {
    await shop.log.append({ events: [anEvent()] });
    await shop.sql('drop trigger shop_events_no_raw_delete on shop_events');
    await shop.sql('delete from shop_events');
    expect(await readAll(shop.log)).toEqual([]);
  });

  function call(event: ReturnType<typeof anEvent>, conditions: AppendRequest['conditions'] = []) {
    const { text, values = [] } = shop.log.statements.append(appendParameters([{ events: [event], conditions }]));
    return { text, values };
  }
});
