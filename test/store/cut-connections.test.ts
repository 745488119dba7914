import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AppendOutcome, AppendRequest } from '../../src/store/store.ts';
import type { PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { aKey, anEvent, createTestLog, flawsOf, readAll, storedOf, type TestLog } from '../support/test-log.ts';
import { TcpProxy, type Fault, type FaultAt } from '../support/tcp-proxy.ts';

let shop: TestLog;
let proxy: TcpProxy;
let cut: PostgresLog;
let scenario = 0;

beforeAll(async () => {
  shop = await createTestLog();
  proxy = await TcpProxy.open(shop.url);
  cut = shop.open({ url: proxy.url(shop.url), patience: 5_000, answerTimeout: 150, silenceUnderLock: 150 });
});
afterEach(async () => {
  proxy.arm([]);
  await proxy.release();
});
afterAll(async () => {
  expect(flawsOf(await readAll(shop.log))).toEqual([]);
  await shop.drop();
  await proxy.close();
});

/** Requests of every kind that leave in one batch. */
function batch(): AppendRequest[] {
  scenario++;
  const [stream, tag] = [`cut-${scenario}`, `cut:${scenario}`];
  return [
    { events: [anEvent({ stream: `${stream}-new` })], expect: [{ stream: `${stream}-new`, version: 0 }] },
    { events: [anEvent({ stream: `${stream}-any` }), anEvent({ stream: `${stream}-any` })] },
    { events: [anEvent({ stream: `${stream}-any` })] },
    { events: [anEvent({ stream: `${stream}-tag`, tags: [tag] })], conditions: [{ tags: [tag], after: 0 }] },
    { events: [anEvent({ stream: `${stream}-key` })], keys: [aKey({ eventCount: 1 })] },
    { events: [], keys: [aKey()] },
  ];
}

/** One that lost and decides again under the lock, among others: the batch runs in an explicit transaction. */
async function lockedBatch(): Promise<AppendRequest[]> {
  const stream = `cut-${scenario + 1}-hot`;
  await shop.log.append({ events: [anEvent({ stream })] });
  const revised = anEvent({ stream });
  const loser: AppendRequest = {
    events: [anEvent({ stream })],
    expect: [{ stream, version: 0 }],
    revise: async function again(read) {
      const seen = await read([{ stream }], 0);
      return { events: [revised], expect: [{ stream, version: seen.length }], revise: again };
    },
  };
  return [...batch(), loser];
}

async function connectionIsUp(): Promise<void> {
  await cut.append({ events: [anEvent({ stream: 'up' })] });
}

/** Sends a batch into faults, and what was not answered again, with the same ids. All must be stored then, once. */
async function expectStoredOnce(requests: readonly AppendRequest[], faults: readonly FaultAt[]): Promise<void> {
  await connectionIsUp();
  const { position } = await shop.log.head();
  proxy.arm(faults);
  const answers = await Promise.allSettled(requests.map((request) => cut.append(request)));
  expect(proxy.faultsLeft, 'every fault has happened').toBe(0);
  proxy.arm([]);
  const outcomes = await Promise.all(
    answers.map(async (answer, at) => {
      if (answer.status === 'fulfilled') return answer.value;
      expect(answer.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      return shop.log.append(requests[at] ?? { events: [] });
    }),
  );
  await expectInLog(requests, outcomes, position);
}

async function expectInLog(requests: readonly AppendRequest[], outcomes: readonly AppendOutcome[], position: number) {
  const events = await shop.log.read({ after: position });
  requests.forEach((request, at) => {
    const outcome = outcomes[at];
    // A key without an event has no id to be found by: its own answer comes back.
    if (request.events.length === 0 && outcome?.outcome === 'key-exists') {
      expect(outcome.stored).toMatchObject([{ answer: request.keys?.[0]?.answer }]);
    } else expect(outcome?.outcome).toBe('stored');
  });
  const told = outcomes.flatMap((outcome) => (outcome.outcome === 'stored' ? storedOf(outcome) : []));
  expect(events).toEqual([...told].sort((a, b) => a.position - b.position));
  const keys = requests.flatMap((request) => request.keys ?? []).map((key) => key.key);
  const rows = await shop.sql(`select from command_keys where key = any ($1)`, [keys]);
  expect(rows).toHaveLength(keys.length);
}

const faults: Fault[] = ['before', 'after', 'unheard', 'middle', 'silent', 'late'];

describe('I1, I9: a batch whose connection breaks is stored once', () => {
  test.each(faults)('at the append itself: %s', async (fault) => {
    await expectStoredOnce(batch(), [{ exchange: 1, fault }]);
  });

  // After a break: the greeting's look at the head, begin, lock, look-up by id, commit, and the append again.
  const afterBreak = [2, 3, 4, 5, 6, 7];
  describe.each<Fault>(['before', 'unheard'])('after a first break (%s), a second one', (first) => {
    const again = first === 'before' ? afterBreak : afterBreak.slice(0, -1);
    test.each(again.flatMap((exchange) => faults.map((fault) => [exchange, fault] as const)))(
      'at exchange %i: %s',
      async (exchange, fault) => {
        await expectStoredOnce(batch(), [
          { exchange: 1, fault: first },
          { exchange, fault },
        ]);
      },
    );
  });

  // begin, append, read under the lock, append again, commit
  test.each([1, 2, 3, 4, 5].flatMap((exchange) => faults.map((fault) => [exchange, fault] as const)))(
    'under the lock, at exchange %i: %s',
    async (exchange, fault) => {
      await expectStoredOnce(await lockedBatch(), [{ exchange, fault }]);
    },
  );

  test('again and again, at six exchanges in a row', async () => {
    const every = faults.filter((fault) => fault !== 'silent');
    await expectStoredOnce(
      batch(),
      Array.from({ length: 6 }, (_, n) => ({ exchange: n * 2 + 1, fault: every[n % every.length] ?? 'before' })),
    );
  });

  test('a batch that reaches the server after the look-up and before it is sent again is not doubled', async () => {
    await connectionIsUp();
    const requests = batch();
    const { position } = await shop.log.head();
    proxy.arm([{ exchange: 1, fault: 'late' }], async (exchange) => {
      if (exchange === 7) await proxy.release();
    });
    const outcomes = await Promise.all(requests.map((request) => cut.append(request)));
    expect(proxy.exchanges).toBeGreaterThanOrEqual(7);
    await expectInLog(requests, outcomes, position);
  });

  test('a batch that was cut right behind its request counts what the server did with it', async () => {
    // Which of the two it was is up to the server: both must end well. Ten times, so that both are met.
    for (let n = 0; n < 10; n++) await expectStoredOnce(batch(), [{ exchange: 1, fault: 'after' }]);
  });
});

describe('what was not answered', () => {
  test('and sent again by the caller with the same ids is stored once, whatever it expects', async () => {
    await connectionIsUp();
    const requests = batch();
    const impatient = shop.open({ url: proxy.url(shop.url), patience: 1, answerTimeout: 100 });
    await impatient.append({ events: [anEvent({ stream: 'up' })] });
    const { position } = await shop.log.head();
    // The log gives up before it can look: every look-up is cut as well.
    const all = Array.from({ length: 200 }, (_, n): FaultAt => ({
      exchange: n + 1,
      fault: n === 0 ? 'unheard' : 'before',
    }));
    proxy.arm(all);
    const answers = await Promise.allSettled(requests.map((request) => impatient.append(request)));
    proxy.arm([]);
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } });
    const outcomes = await Promise.all(requests.map((request) => impatient.append(request)));
    for (const outcome of outcomes) expect(['stored', 'key-exists']).toContain(outcome.outcome);
    expect(await shop.log.read({ after: position })).toHaveLength(6);
  });

  test('while nothing gets through, what waits behind hears so, certain that it is not stored', async () => {
    const patient = shop.open({ url: proxy.url(shop.url), patience: 200, answerTimeout: 3_000 });
    await patient.append({ events: [anEvent({ stream: 'up' })] });
    proxy.arm([{ exchange: 1, fault: 'silent' }]);
    const first = patient.append({ events: [anEvent({ stream: `waits-${scenario}` })] });
    await expect.poll(() => proxy.exchanges).toBe(1);
    const behind = anEvent({ stream: `behind-${scenario}` });
    await expect(patient.append({ events: [behind] })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    proxy.cutAll();
    expect((await first).outcome).toBe('stored');
    expect(await shop.log.event(behind.id)).toBeUndefined();
  });

  test('is found out long before its time-out when the server knows nothing of the question', async () => {
    const doubtful = shop.open({ url: proxy.url(shop.url), answerTimeout: 60_000, doubtAfter: 100 });
    await doubtful.append({ events: [anEvent({ stream: 'up' })] });
    proxy.arm([{ exchange: 1, fault: 'silent' }]);
    const event = anEvent({ stream: 'doubted' });
    expect((await doubtful.append({ events: [event] })).outcome).toBe('stored');
    expect(proxy.faultsLeft).toBe(0);
    expect((await shop.log.event(event.id))?.stream).toBe('doubted');
  });

  test('is waited for while the server works on the question', async () => {
    const doubtful = shop.open({ url: proxy.url(shop.url), answerTimeout: 60_000, doubtAfter: 50 });
    await doubtful.append({ events: [anEvent({ stream: 'up' })] });
    const holder = await shop.connect();
    await holder.query('begin');
    await holder.query('select millrace_lock_log()');
    proxy.arm([]);
    const connections = proxy.joined;
    const waits = doubtful.append({ events: [anEvent({ stream: 'slow' })] });
    // Asked more than once, and left alone each time.
    await expect.poll(() => proxy.joined - connections, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    await holder.query('rollback');
    expect((await waits).outcome).toBe('stored');
    expect(proxy.exchanges).toBe(1);
  });

  test('close does not wait for a connection that is half-open', async () => {
    const silent = shop.open({ url: proxy.url(shop.url), patience: 100, answerTimeout: 100 });
    await silent.append({ events: [anEvent({ stream: 'up' })] });
    proxy.arm(Array.from({ length: 100 }, (_, n): FaultAt => ({ exchange: n + 1, fault: 'silent' })));
    const waits = silent.append({ events: [anEvent({ stream: 'up' })] });
    await Promise.allSettled([silent.close(), waits]);
  });
});
