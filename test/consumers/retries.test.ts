import pg from 'pg';
import { expect, it } from 'vitest';
import { PostgresDeadLetters } from '../../src/consumers/dead-letters.ts';
import { DueRetries } from '../../src/consumers/due-retries.ts';
import { MillraceError } from '../../src/errors.ts';
import type { StoredEvent } from '../../src/index.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import type { EventLog } from '../../src/store/store.ts';
import { consumerRig } from '../support/consumer-rig.ts';
import { eventually, exampleDatabases, reached, type ExampleDatabases } from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';

const moved = (parcel: string, depot: string): Step => ({ parcel, what: 'moved', depot });

const isVersion =
  (parcel: string, version: number) =>
  (event: StoredEvent): boolean =>
    event.stream === `parcel-${parcel}` && event.version === version;

async function trailOf(databases: ExampleDatabases, parcel: string): Promise<readonly string[] | undefined> {
  const [row] = await databases.read<{ trail: { depots: string[] } }>(
    'select trail from parcels where parcel_id = $1',
    [`parcel-${parcel}`],
  );
  return row?.trail.depots;
}

async function firstLetter(system: RunningSystem): Promise<number> {
  return (await system.deadLetters.list())[0]?.id ?? 0;
}

/** The letters' own side, with a log that a test may take away. */
function lettersWith(
  databases: ExampleDatabases,
  log: EventLog,
  retrySchedule: readonly number[],
): PostgresDeadLetters {
  const pool = new pg.Pool({ connectionString: databases.readModelsUrl, max: 4 });
  pool.on('error', () => undefined);
  databases.onEnd(() => pool.end());
  return new PostgresDeadLetters(pool, log, databases.registry, [databases.example.projection], { retrySchedule });
}

/** The same log with another way to read it. */
function logReading(log: EventLog, read: EventLog['read']): EventLog {
  return {
    name: log.name,
    read,
    append: (request) => log.append(request),
    query: (queries, options) => log.query(queries, options),
    event: (id) => log.event(id),
    head: () => log.head(),
    saveSnapshot: (snapshot) => log.saveSnapshot(snapshot),
    loadSnapshot: (name) => log.loadSnapshot(name),
    onAppended: (listener) => log.onAppended(listener),
    onIncarnationChanged: (listener) => log.onIncarnationChanged(listener),
    close: () => log.close(),
  };
}

it('a failed event is tried after 30 s, 2 min, 30 min and 1 h, and then waits for a decision', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start();
  await databases.append(journey('a', ['1', '2', '3']));
  await reached(databases, 3);
  const pauses: (number | null)[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    const [letter, behind] = await system.deadLetters.list();
    expect(letter).toMatchObject({ position: 2, status: 'failed', attempts: attempt });
    expect(behind).toMatchObject({ position: 3, status: 'waiting', attempts: 0, nextAttemptAt: null });
    const { nextAttemptAt = null, lastFailedAt = '' } = letter ?? {};
    pauses.push(
      nextAttemptAt === null ? null : Math.round((Date.parse(nextAttemptAt) - Date.parse(lastFailedAt)) / 1000),
    );
    expect(await system.deadLetters.list({ status: 'manual' })).toHaveLength(nextAttemptAt === null ? 1 : 0);
    expect(await system.deadLetters.retry(letter?.id ?? 0, 'operator')).toEqual({ applied: 0, left: 2 });
  }
  expect(pauses).toEqual([30, 120, 1800, 3600, null]);
  expect(await system.deadLetters.list({ status: 'manual' })).toMatchObject([{ attempts: 6 }]);
});

it('what is due is tried by itself, as often as the schedule says and no more', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  let tries = 0;
  trouble.throwFor = (event) => {
    if (!isVersion('a', 2)(event)) return false;
    tries++;
    return true;
  };
  const system = await databases.start({ retrySchedule: [5, 10, 15, 20] });
  await databases.append([...journey('a', ['1', '2', '3']), ...journey('b', ['1', '2'])]);
  await eventually('it waits for a decision', async () => {
    return (await system.deadLetters.list({ status: 'manual' })).length === 1;
  });
  expect(tries).toBe(5);
  const [letter] = await system.deadLetters.list();
  expect(letter).toMatchObject({ attempts: 5, status: 'failed', nextAttemptAt: null, actor: 'schedule' });
  expect(await trailOf(databases, 'b')).toEqual(['1', '2']);
  await databases.append([moved('a', '4'), moved('b', '3')]);
  await reached(databases, 7);
  expect(await trailOf(databases, 'b')).toEqual(['1', '2', '3']);
  expect(tries).toBe(5);
  trouble.throwFor = () => false;
  expect(await system.deadLetters.retry(letter?.id ?? 0, 'operator', 'mended')).toEqual({ applied: 3, left: 0 });
  expect(await trailOf(databases, 'a')).toEqual(['1', '2', '3', '4']);
});

it('a retry that is due drains the key in order, and new events of it go on behind', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start({ retrySchedule: [1, 1, 1, 1, 1, 1, 1, 1, 50, 50, 50, 50, 50, 50, 50, 50] });
  await databases.append(journey('a', ['1', '2', '3']));
  await eventually('it was tried', async () => ((await system.deadLetters.list())[0]?.attempts ?? 0) > 2);
  trouble.throwFor = () => false;
  await databases.append([moved('a', '4')]);
  await eventually('nothing waits', async () => (await system.deadLetters.count()) === 0);
  await databases.append([moved('a', '5')]);
  await reached(databases, 5);
  expect(await trailOf(databases, 'a')).toEqual(['1', '2', '3', '4', '5']);
  const all = await system.deadLetters.list({ open: false });
  expect(new Set(all.map(({ status, actor }) => `${status} ${actor}`))).toEqual(new Set(['retried schedule']));
});

it('retries by schedule while events keep coming lose, double and reorder nothing', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  const failed = new Map<string, number>();
  // Every fourth event fails three times.
  trouble.throwFor = (event) => {
    if (event.version % 4 !== 3) return false;
    const times = (failed.get(event.id) ?? 0) + 1;
    failed.set(event.id, times);
    return times <= 3;
  };
  const system = await databases.start({ retrySchedule: [1, 1, 1, 1, 1, 1] });
  const parcels = Array.from({ length: 6 }, (_, index) => `p${index}`);
  await databases.append(parcels.flatMap((parcel) => journey(parcel, ['d0'])));
  for (let round = 1; round <= 15; round++) await databases.append(parcels.map((parcel) => moved(parcel, `d${round}`)));
  await reached(databases, 16 * parcels.length);
  await eventually('nothing waits', async () => (await system.deadLetters.count()) === 0);
  const expected = Array.from({ length: 16 }, (_, index) => `d${index}`);
  for (const parcel of parcels) expect(await trailOf(databases, parcel)).toEqual(expected);
  const [total] = await databases.read<{ parcels: string }>('select sum(parcels) as parcels from depots');
  expect(Number(total?.parcels)).toBe(parcels.length);
});

it('a drain that was cut off between two pieces goes on by itself', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start({ retrySchedule: [] });
  await databases.append(
    journey(
      'a',
      Array.from({ length: 700 }, (_, index) => `d${index}`),
    ),
  );
  await reached(databases, 700);
  await system.stop();
  trouble.throwFor = () => false;
  const letters = lettersWith(databases, databases.log, []);
  const cut = new Error('cut off');
  // The second piece fails for no reason of an event's.
  const log = logReading(databases.log, (options) =>
    (options?.after ?? 0) >= 501 ? Promise.reject(cut) : databases.log.read(options),
  );
  const [letter] = await letters.list();
  await expect(lettersWith(databases, log, []).retry(letter?.id ?? 0, 'operator')).rejects.toBe(cut);
  expect(await letters.count()).toBe(199);
  const [next] = await letters.list();
  expect(next?.status).toBe('waiting');
  expect(next?.nextAttemptAt).not.toBeNull();
  const again = await databases.start({ retrySchedule: [] });
  await eventually('nothing waits', async () => (await again.deadLetters.count()) === 0);
  expect(await trailOf(databases, 'a')).toHaveLength(700);
});

it('an event store that is away counts no attempt, holds no checkpoint, and the retry is made up for', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  // A consumer that retries nothing by itself.
  const rig = await consumerRig(databases);
  rig.start();
  await databases.append(journey('a', ['1', '2', '3']));
  rig.published = 3;
  await reached(databases, 3);
  let away = 0;
  let isAway = true;
  const log = logReading(databases.log, (options) => {
    if (!isAway) return databases.log.read(options);
    away++;
    return Promise.reject(new MillraceError('STORE_UNAVAILABLE', 'away'));
  });
  const letters = lettersWith(databases, log, [1]);
  trouble.throwFor = () => false;
  await databases.read('update dead_letters set next_attempt_at = clock_timestamp() where position = 2');
  const retries = new DueRetries({ projection: 'parcels', letters, active: () => true });
  databases.onEnd(() => retries.stop());
  retries.start();
  await eventually('it was tried', () => away > 3);
  await databases.append(journey('b', ['1', '2']));
  rig.published = 5;
  await reached(databases, 5);
  expect((await letters.list())[0]).toMatchObject({ attempts: 1, status: 'failed' });
  isAway = false;
  await eventually('nothing waits', async () => (await letters.count()) === 0);
  expect(await trailOf(databases, 'a')).toEqual(['1', '2', '3']);
});

it('of many that retry one key at once, each event takes effect once', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start({ retrySchedule: [] });
  await databases.append(journey('a', ['1', '2', '3', '4']));
  await reached(databases, 4);
  const id = await firstLetter(system);
  trouble.throwFor = () => false;
  const all = Array.from({ length: 6 }, () => lettersWith(databases, databases.log, []));
  const outcomes = await Promise.allSettled(all.map((letters) => letters.retry(id, 'operator')));
  const applied = outcomes.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value.applied : 0), 0);
  expect(applied).toBe(3);
  expect(await trailOf(databases, 'a')).toEqual(['1', '2', '3', '4']);
  const [row] = await databases.read<{ moves: number }>(`select moves from parcels where parcel_id = 'parcel-a'`);
  expect(row?.moves).toBe(3);
});

it('somebody else was faster: what is not due any more is not tried', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  let tries = 0;
  trouble.throwFor = (event) => isVersion('a', 2)(event) && ++tries > 0;
  const system = await databases.start({ retrySchedule: [3_600_000, 3_600_000, 3_600_000] });
  await databases.append(journey('a', ['1', '2']));
  await reached(databases, 2);
  await system.stop();
  await databases.read('update dead_letters set next_attempt_at = clock_timestamp() where position = 2');
  const all = Array.from({ length: 6 }, () => lettersWith(databases, databases.log, [1, 3_600_000]));
  await Promise.all(all.map((letters) => letters.retryDue('parcels')));
  expect(tries).toBe(2);
});

it('a retry that fails again takes nothing from the consumer: it does not have to begin anew', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start();
  await databases.append(journey('a', ['1', '2']));
  await reached(databases, 2);
  const epoch = () => databases.read(`select epoch from projection_builds where state = 'live'`);
  const before = await epoch();
  await system.deadLetters.retry(await firstLetter(system), 'operator');
  expect(await epoch()).toEqual(before);
  trouble.throwFor = () => false;
  await system.deadLetters.retry(await firstLetter(system), 'operator');
  expect(await epoch()).not.toEqual(before);
});

it('retries three poisoned keys among a thousand, by key, by type of event, and all that are left', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  const poisoned = ['n7', 'n70', 'n700'];
  const broken = new Set(poisoned);
  trouble.throwFor = (event) => broken.has(event.stream.replace('parcel-', '')) && event.version === 2;
  const system = await databases.start({ retrySchedule: [] });
  const parcels = Array.from({ length: 1000 }, (_, index) => `n${index}`);
  await databases.append(parcels.flatMap((parcel) => journey(parcel, ['1', '2', '3'])));
  await reached(databases, 3000);
  expect(await system.deadLetters.count()).toBe(6);
  expect(await system.deadLetters.list({ status: 'failed', eventName: 'ParcelMoved' })).toHaveLength(3);
  expect(await system.deadLetters.list({ orderingKey: 'parcel-n70' })).toHaveLength(2);
  const first = await system.deadLetters.list({ limit: 4 });
  const second = await system.deadLetters.list({ after: first.at(-1)?.id ?? 0, limit: 4 });
  expect([...first, ...second].map(({ id }) => id)).toEqual((await system.deadLetters.list()).map(({ id }) => id));
  broken.delete('n7');
  broken.delete('n70');
  const none = { keys: 0, applied: 0, failedAgain: 0 };
  expect(await system.deadLetters.retryAll({ eventName: 'ParcelDelivered' }, 'anna')).toEqual(none);
  expect(await system.deadLetters.retryAll({ projection: 'parcels', orderingKey: 'parcel-n7' }, 'anna')).toEqual({
    keys: 1,
    applied: 2,
    failedAgain: 0,
  });
  expect(await system.deadLetters.retryAll({ eventName: 'ParcelMoved' }, 'anna', 'two are mended')).toEqual({
    keys: 2,
    applied: 2,
    failedAgain: 1,
  });
  broken.clear();
  expect(await system.deadLetters.retryAll({}, 'bert')).toEqual({ keys: 1, applied: 2, failedAgain: 0 });
  expect(await system.deadLetters.retryAll({}, 'bert')).toEqual(none);
  expect(await databases.read('select count(*)::int as count from parcels where moves = 2')).toEqual([{ count: 1000 }]);
});

it('one letter is shown with what waits behind it, and every action leaves who and why', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const system = await databases.start({ retrySchedule: [] });
  await databases.append(journey('a', ['1', '2', '3', '4']));
  await reached(databases, 4);
  const [first, second, third] = (await system.deadLetters.list()).map(({ id }) => id);
  expect(await system.deadLetters.get(first ?? 0)).toMatchObject({ behind: 2, first, status: 'failed' });
  expect(await system.deadLetters.get(third ?? 0)).toMatchObject({ behind: 0, first, status: 'waiting' });
  for (const act of [
    () => system.deadLetters.get(4711),
    () => system.deadLetters.retry(4711, 'anna'),
    () => system.deadLetters.discard(4711, 'anna', 'why not'),
  ]) {
    await expect(act()).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  }
  await expect(system.deadLetters.retryAll({ projection: 'nobody' }, 'anna')).rejects.toMatchObject({
    code: 'PROJECTION_UNKNOWN',
  });
  await expect(system.deadLetters.discard(first ?? 0, 'anna', ' ')).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(system.deadLetters.discard(second ?? 0, 'anna', 'why not')).rejects.toMatchObject({
    code: 'DEAD_LETTER_NOT_FIRST',
  });
  await system.deadLetters.retry(first ?? 0, 'anna', 'perhaps now');
  await system.deadLetters.discard(first ?? 0, 'bert', 'sent by mistake');
  expect(await trailOf(databases, 'a')).toEqual(['1', '3', '4']);
  const record = await system.operations.list();
  expect(record.map(({ kind, actor, reason, state }) => [kind, actor, reason, state])).toEqual([
    ['dead-letters-discard', 'bert', 'sent by mistake', 'done'],
    ['dead-letters-retry', 'anna', 'perhaps now', 'done'],
    ['dead-letters-discard', 'anna', 'why not', 'failed'],
  ]);
});

it('a process without a projector asks, and the projector acts', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = isVersion('a', 2);
  const asking = await databases.start({ roles: ['api'] });
  await databases.start({ roles: ['relay', 'projector'], retrySchedule: [] });
  await databases.append(journey('a', ['1', '2', '3']));
  await reached(databases, 3);
  trouble.throwFor = () => false;
  expect(await asking.deadLetters.retry(await firstLetter(asking), 'operator')).toEqual({ applied: 2, left: 0 });
  expect(await trailOf(databases, 'a')).toEqual(['1', '2', '3']);
});
