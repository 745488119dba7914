import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anEvent, createTestLog, flawsOf, readAll, type TestLog } from '../support/test-log.ts';

let shop: TestLog;
beforeEach(async () => {
  shop = await createTestLog({ patience: 500 });
  await shop.log.append({ events: [anEvent()] });
});
afterEach(async () => {
  await shop.drop();
});

describe('a server that is not as it should be', () => {
  test('without the lock row nothing is appended, and after it is back everything is', async () => {
    await shop.sql('delete from log_lock');
    await expect(shop.log.append({ events: [anEvent()] })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(await readAll(shop.log)).toHaveLength(1);
    await shop.sql('insert into log_lock default values');
    expect(await shop.log.append({ events: [anEvent()] })).toMatchObject({ outcome: 'stored', firstPosition: 2 });
  });

  test.each(['repeatable read', 'serializable'])(
    'a database whose default is %s is refused, not corrupted',
    async (level) => {
      const { pathname } = new URL(shop.url);
      await shop.sql(`alter database ${pathname.slice(1)} set default_transaction_isolation = '${level}'`);
      const other = shop.open();
      const revise = () => Promise.resolve({ events: [anEvent()] });
      const answers = await Promise.allSettled([
        other.append({ events: [anEvent()] }),
        other.append({ events: [anEvent()], expect: [{ stream: 'cart-1', version: 0 }], revise }),
      ]);
      for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'STORE_CORRUPT' } });
      expect(await readAll(shop.log)).toHaveLength(1);
    },
  );

  test('while another session holds the lock row, the append waits, gives up in time, and can be sent again', async () => {
    const { pathname } = new URL(shop.url);
    const holder = await shop.connect();
    await holder.query('begin');
    await holder.query('select from log_lock for update');
    for (const [setting, value] of [
      ['statement_timeout', '200ms'],
      ['lock_timeout', '200ms'],
    ]) {
      const url = new URL(shop.url);
      url.searchParams.set('options', `-c ${setting}=${value}`);
      const other = shop.open({ url: url.href });
      const event = anEvent({ stream: `stream-${setting}` });
      await expect(other.append({ events: [event] })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await shop.log.event(event.id)).toBeUndefined();
    }
    expect(pathname).toContain('millrace_test');
    const event = anEvent({ stream: 'later' });
    const patient = shop.open({ patience: 10_000 });
    const waits = patient.append({ events: [event] });
    await holder.query('commit');
    expect((await waits).outcome).toBe('stored');
    expect(flawsOf(await readAll(shop.log))).toEqual([]);
  });

  test('a commit that PostgreSQL turns into a rollback is no success for anybody in the batch', async () => {
    const neighbour = anEvent({ stream: 'neighbour' });
    const other = await shop.connect();
    let cancelled = false;
    const [first, second] = await Promise.all([
      shop.log.append({
        events: [anEvent()],
        expect: [{ stream: 'cart-1', version: 0 }],
        // A read that fails in the server, and a request that passes over it in silence.
        revise: async (read) => {
          while (!cancelled) {
            const [answer] = await Promise.allSettled([
              read([{ stream: 'cart-1' }], 0),
              other.query(
                `select pg_cancel_backend(pid) from pg_stat_activity
                 where datname = current_database() and application_name like '%append'`,
              ),
            ]);
            cancelled = answer.status === 'rejected';
          }
          return undefined;
        },
      }),
      shop.log.append({ events: [neighbour] }),
    ]);
    expect(first.outcome).toBe('conflict');
    expect(second.outcome).toBe('stored');
    expect(await shop.log.event(neighbour.id), 'what was answered as stored').toBeDefined();
  });

  test('a read whose transaction fails under the lock loses nothing that was answered', async () => {
    const killer = await shop.connect();
    const neighbour = anEvent({ stream: 'neighbour' });
    let tries = 0;
    const patient = shop.open({ patience: 10_000 });
    const answers = await Promise.all([
      patient.append({
        events: [anEvent()],
        expect: [{ stream: 'cart-1', version: 0 }],
        revise: async function again(read) {
          if (++tries === 1) {
            await killer.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name like '%append'`,
            );
          }
          const seen = await read([{ stream: 'cart-1' }], 0);
          return { events: [anEvent()], expect: [{ stream: 'cart-1', version: seen.length }], revise: again };
        },
      }),
      patient.append({ events: [neighbour] }),
    ]);
    expect(tries).toBeGreaterThan(1);
    for (const answer of answers) expect(answer.outcome).toBe('stored');
    expect(await shop.log.event(neighbour.id)).toBeDefined();
    expect(await readAll(shop.log)).toHaveLength(3);
  });

  test('options in the URL come on top of ours, and cannot make a commit less durable', async () => {
    const url = new URL(shop.url);
    url.searchParams.set('options', '-c search_path=public -c synchronous_commit=off -c statement_timeout=7s');
    // The append function itself writes down what its session looks like.
    await shop.sql('create table seen as select name, setting from pg_settings where false');
    const text = shop.log.statements.file('append.sql');
    const names = `'synchronous_commit', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'`;
    await shop.sql(
      text.replace(
        'perform 1 from',
        `insert into seen select name, setting from pg_settings where name in (${names});\n  perform 1 from`,
      ),
    );
    await shop.open({ url: url.href }).append({ events: [anEvent()] });
    expect(await shop.sql('select * from seen order by name')).toEqual([
      { name: 'idle_in_transaction_session_timeout', setting: '5000' },
      { name: 'lock_timeout', setting: '20000' },
      { name: 'statement_timeout', setting: '7000' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
  });

  test('a read-only server is no success, and the log goes on when it may write again', async () => {
    const { pathname } = new URL(shop.url);
    const database = pathname.slice(1);
    await shop.sql(`alter database ${database} set default_transaction_read_only = on`);
    const other = shop.open({ patience: 10_000 });
    const waits = other.append({ events: [anEvent()] });
    const admin = await shop.connect();
    await admin.query('set default_transaction_read_only = off');
    await expect
      .poll(async () => (await shop.sql(`select from pg_stat_activity where application_name like '%append'`)).length)
      .toBeGreaterThan(0);
    await admin.query(`alter database ${database} reset default_transaction_read_only`);
    expect((await waits).outcome).toBe('stored');
  });
});

describe('I10: a log that is another one than before', () => {
  test('is noticed at the reconnect, and what was decided on the old one is not appended', async () => {
    const heard: string[] = [];
    shop.log.onIncarnationChanged(() => {
      throw new Error('a listener failed on purpose');
    });
    shop.log.onIncarnationChanged(() => heard.push('changed'));
    const { position } = await shop.log.head();
    await shop.sql(`update log_info set incarnation = gen_random_uuid()`);
    await breakConnections(shop);
    const decided = { events: [anEvent()], expect: [{ stream: 'cart-1', version: 1 }] };
    expect(await shop.log.append(decided)).toEqual({ outcome: 'conflict', reason: 'version' });
    expect(heard).toEqual(['changed']);
    expect(await shop.log.append(decided)).toMatchObject({ outcome: 'stored', firstPosition: position + 1 });
    await breakConnections(shop);
    await shop.log.append({ events: [anEvent()] });
    expect(heard).toEqual(['changed']);
  });

  test('is noticed when the last event that was known is gone', async () => {
    let heard = 0;
    shop.log.onIncarnationChanged(() => heard++);
    await shop.log.append({ events: [anEvent()] });
    await shop.sql('alter table shop_events disable trigger user');
    await shop.sql('delete from shop_events where position = 2');
    await breakConnections(shop);
    await shop.log.append({ events: [anEvent()] });
    expect(heard).toBe(1);
  });
});

async function breakConnections(shop: TestLog): Promise<void> {
  const gone = `select from pg_stat_activity where datname = current_database() and application_name like 'millrace%append'`;
  await shop.sql(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = current_database() and application_name like 'millrace%append'`,
  );
  await expect.poll(async () => (await shop.sql(gone)).length).toBe(0);
}
