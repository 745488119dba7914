import pg from 'pg';
import { expect, it } from 'vitest';
import { PostgresOutbox } from '../../src/relay/outbox.ts';
import { PostgresRefusedEvents } from '../../src/relay/refused-events.ts';
import type { Relay } from '../../src/relay/relay.ts';
import { RelayStore } from '../../src/relay/relay-store.ts';
import type { BrokerMessage } from '../../src/brokers/broker.ts';
import { consumerRig, ScriptedBroker } from '../support/consumer-rig.ts';
import { eventually, exampleDatabases, reached, type ExampleDatabases } from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';
import { relayRig } from '../support/relay-rig.ts';

const moved = (parcel: string, depot: string): Step => ({ parcel, what: 'moved', depot });
const isAt =
  (...positions: number[]) =>
  ({ event }: BrokerMessage): boolean =>
    positions.includes(event.position);
/** Never by itself in a test's time. */
const patient = [3_600_000, 3_600_000];

function refusedEvents(databases: ExampleDatabases): PostgresRefusedEvents {
  const pool = new pg.Pool({ connectionString: databases.eventStoreUrl, max: 3 });
  databases.onEnd(() => pool.end());
  return new PostgresRefusedEvents(pool, databases.example.system.tables);
}

function outboxOf(databases: ExampleDatabases): PostgresOutbox {
  const pool = new pg.Pool({ connectionString: databases.eventStoreUrl, max: 3 });
  databases.onEnd(() => pool.end());
  return new PostgresOutbox(pool, databases.example.system.tables);
}

async function passed(relay: Relay, position: number): Promise<void> {
  await eventually(`relay at ${position}`, () => relay.position >= position);
}

it('an event that the broker refuses holds back its own key only, and goes before the later ones of it when it is taken', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let bad = true;
  broker.refuse((message) => bad && isAt(2)(message));
  const relay = rig.start(broker, { batchSize: 2, retrySchedule: [10, 10, 3_600_000] });
  await databases.append(journey('a', ['1', '2', '3']));
  await passed(relay, 3);
  await databases.append([...journey('b', ['1', '2', '3']), moved('a', '4')]);
  await eventually('refused three times', async () => (await rig.failures()).includes('2 FAILED 3'));
  await eventually('cursor', async () => (await rig.cursor()) === 7);
  expect(broker.positions).toEqual([1, 4, 5, 6]);
  expect(await rig.failures()).toEqual(['2 FAILED 3', '3 PENDING 0', '7 PENDING 0']);
  bad = false;
  expect(await refusedEvents(databases).retryAll({}, 'operator')).toEqual({ keys: 1 });
  await eventually('everything is published', async () => (await rig.failures()).length === 0);
  await databases.append([moved('a', '5')]);
  await passed(relay, 8);
  expect(broker.positions).toEqual([1, 4, 5, 6, 2, 3, 7, 8]);
});

it('what the broker took of a key behind a refused event, in the same breath, comes again behind it', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let bad = true;
  broker.refuse((message) => bad && isAt(2, 4)(message));
  await databases.append([...journey('a', ['1', '2', '3', '4']), ...journey('b', ['1'])]);
  const relay = rig.start(broker, { retrySchedule: [3_600_000] });
  await passed(relay, 5);
  await eventually('written down', async () => (await rig.failures()).length === 3);
  expect(broker.positions).toEqual([1, 3, 5]);
  expect(await rig.failures()).toEqual(['2 FAILED 1', '3 PENDING 0', '4 PENDING 0']);
  bad = false;
  await refusedEvents(databases).retryAll({}, 'operator');
  await eventually('everything is published', async () => (await rig.failures()).length === 0);
  expect(broker.positions).toEqual([1, 3, 5, 2, 3, 4]);
});

it('S127, S128, S318, S396, S492–S496: is tried after 30 s, 2 min, 30 min and 1 h, and then waits for a decision', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(1));
  rig.start(broker);
  await databases.append(journey('a', ['1', '2']));
  const pauses: (number | null)[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    await eventually(`attempt ${attempt}`, async () => (await rig.failures())[0]?.endsWith(` ${attempt}`) === true);
    const [row] = await databases.store<{ pause: number | null }>(
      `select extract(epoch from next_attempt_at - last_failed_at)::float8 as pause from relay_failures where position = 1`,
    );
    pauses.push(row?.pause == null ? null : Math.round(row.pause));
    await databases.store(
      `update relay_failures set next_attempt_at = clock_timestamp() where next_attempt_at is not null`,
    );
  }
  expect(pauses).toEqual([30, 120, 1800, 3600, null]);
  expect(await rig.failures()).toEqual(['1 MANUAL 5', '2 PENDING 0']);
  await databases.append(journey('b', ['1']));
  await eventually('the other key', () => broker.positions.includes(3));
  expect(await rig.failures()).toEqual(['1 MANUAL 5', '2 PENDING 0']);
});

it('an outage counts no attempt, and everything is flushed when the broker is back', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let tries = 0;
  broker.script = (_messages, _pass) => {
    tries++;
    return Promise.reject(new Error('away'));
  };
  const relay = rig.start(broker, { longestPause: 20 });
  await databases.append(journey('a', ['1', '2', '3']));
  await eventually('many tries', () => tries > 10);
  expect(await rig.failures()).toEqual([]);
  expect(await rig.cursor()).toBe(0);
  broker.script = (_messages, pass) => pass();
  await passed(relay, 3);
  expect(broker.positions).toEqual([1, 2, 3]);
  expect(await rig.failures()).toEqual([]);
});

it('an outage during a retry counts no attempt, and does not hold up the other keys', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(1));
  const relay = rig.start(broker, { retrySchedule: [1] });
  let away = 0;
  await databases.append(journey('a', ['1', '2']));
  await eventually('refused for good', async () => (await rig.failures())[0] === '1 MANUAL 2');
  broker.script = (messages, pass) => {
    if (!messages.some(isAt(1))) return pass();
    away++;
    return Promise.reject(new Error('away'));
  };
  await refusedEvents(databases).retryAll({}, 'operator');
  await eventually('it was tried', () => away > 0);
  await databases.append(journey('b', ['1', '2']));
  await passed(relay, 4);
  expect(broker.positions).toEqual([2, 3, 4]);
  expect(await rig.failures()).toEqual(['1 MANUAL 2', '2 PENDING 0']);
  broker.script = (_messages, pass) => pass();
  await eventually('published', async () => (await rig.failures()).length === 0);
  expect(broker.positions).toEqual([2, 3, 4, 1, 2]);
});

it('events that stand first together and are refused without a name do not stop the relay for good', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  // As an adapter does that cannot tell: all of a publication refused looks like an outage, unless it is one message.
  broker.refuse(isAt(1, 2));
  const refusing = broker.script;
  broker.script = (messages, pass) =>
    messages.length > 1 && messages.every(isAt(1, 2))
      ? Promise.reject(new Error('took none'))
      : refusing(messages, pass);
  const relay = rig.start(broker, { longestPause: 20, retrySchedule: patient });
  await databases.append([...journey('a', ['1']), ...journey('b', ['1'])]);
  await passed(relay, 2);
  await eventually('written down', async () => (await rig.failures()).length === 2);
  expect(await rig.failures()).toEqual(['1 FAILED 1', '2 FAILED 1']);
});

it('a restart and a takeover know what was refused', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let bad = true;
  broker.refuse((message) => bad && isAt(1)(message));
  const first = rig.start(broker, { retrySchedule: patient });
  await databases.append(journey('a', ['1']));
  await eventually('refused', async () => (await rig.failures()).length === 1);
  await first.stop();
  await databases.append([moved('a', '2'), ...journey('b', ['1'])]);
  const second = rig.start(broker, { retrySchedule: patient });
  await passed(second, 3);
  await eventually('written down', async () => (await rig.failures()).length === 2);
  expect(broker.positions).toEqual([3]);
  // Killed: nothing is said, the lease runs out.
  await databases.store(`update leases set token = token + 1, lease_until = clock_timestamp() - interval '1 second'`);
  const third = rig.start(broker, { retrySchedule: patient });
  await eventually('one is active', () => third.active || second.active);
  await databases.append([moved('a', '3')]);
  await eventually('written down', async () => (await rig.failures()).length === 3);
  bad = false;
  await refusedEvents(databases).retryAll({ orderingKey: 'parcel-a' }, 'operator');
  await eventually('everything is published', async () => (await rig.failures()).length === 0);
  expect(broker.positions).toEqual([3, 1, 2, 4]);
});

it('while nothing is refused nothing is asked about it', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  let asked = 0;
  class Counted extends RelayStore {
    override parkedKeys(): ReturnType<RelayStore['parkedKeys']> {
      asked++;
      return super.parkedKeys();
    }
  }
  const broker = new ScriptedBroker();
  const relay = rig.start(broker, { store: new Counted(rig.pool, 'embedded') });
  for (let index = 0; index < 20; index++) await databases.append(journey(`a${index}`, ['1', '2']));
  await passed(relay, 40);
  expect(asked).toBe(1);
  expect(relay.restarts).toBe(0);
});

it('S316, S489, S490: outbox, ledger and view tell what was refused, what waits behind it, and what was given up', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(1));
  rig.start(broker, { retrySchedule: patient });
  await databases.append([...journey('a', ['1', '2']), ...journey('b', ['1'])]);
  await eventually('written down', async () => (await rig.failures()).length === 2);
  await eventually('cursor', async () => (await rig.cursor()) === 3);
  const pending = await outboxOf(databases).pending();
  expect(pending).toMatchObject({ count: 2, parked: 2, backlogAgeMs: 0 });
  expect(pending.events.map(({ position, status, retryCount }) => [position, status, retryCount])).toEqual([
    [1, 'FAILED', 1],
    [2, 'PENDING', 0],
  ]);
  const [first, second] = pending.events;
  expect(Date.parse(first?.nextAttemptAt ?? '') - Date.parse(first?.lastFailedAt ?? '')).toBeCloseTo(3_600_000, -2);
  expect(second).toMatchObject({ lastFailedAt: null, nextAttemptAt: null });
  const view = `select position::int, published, status, retry_count, last_error from parcel_outbox order by position`;
  expect(await databases.store(view)).toEqual([
    { position: 1, published: false, status: 'FAILED', retry_count: 1, last_error: 'will not have it' },
    { position: 2, published: false, status: 'PENDING', retry_count: 0, last_error: null },
    { position: 3, published: true, status: 'PUBLISHED', retry_count: 0, last_error: null },
  ]);
  expect(await databases.store(`select status from event_processing_lag order by position`)).toEqual([
    { status: 'CREATED' },
    { status: 'CREATED' },
    { status: 'PUBLISHED' },
  ]);
  const [letter] = await refusedEvents(databases).list();
  await refusedEvents(databases).discard(letter?.id ?? 0, 'operator', 'too large');
  await eventually('the other one goes on', () => broker.positions.includes(2));
  await eventually('settled', async () => (await rig.failures()).length === 1);
  expect(await outboxOf(databases).pending()).toMatchObject({ count: 0, parked: 0, events: [] });
  expect((await databases.store(view))[0]).toMatchObject({ published: false, status: 'DISCARDED' });
});

it('decisions are recorded with who and why; a discard wants a reason and comes in order', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const refused = refusedEvents(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(1, 3));
  rig.start(broker, { retrySchedule: [] });
  await databases.append([...journey('a', ['1', '2']), ...journey('b', ['1', '2']), ...journey('c', ['1'])]);
  await eventually('written down', async () => (await rig.failures()).length === 4);
  expect((await refused.list()).map(({ position, status }) => `${position} ${status}`)).toEqual([
    '1 MANUAL',
    '2 PENDING',
    '3 MANUAL',
    '4 PENDING',
  ]);
  const [first, second] = await refused.list({ orderingKey: 'parcel-a' });
  const id = first?.id ?? 0;
  await expect(refused.discard(id, 'anna', ' ')).rejects.toMatchObject({ code: 'REASON_REQUIRED' });
  await expect(refused.discard(second?.id ?? 0, 'anna', 'why not')).rejects.toMatchObject({
    code: 'DEAD_LETTER_NOT_FIRST',
  });
  for (const act of [
    () => refused.get(4711),
    () => refused.retry(4711, 'anna'),
    () => refused.discard(4711, 'anna', 'why not'),
  ]) {
    await expect(act()).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  }
  expect(await refused.retryAll({ eventName: 'ParcelMoved' }, 'anna')).toEqual({ keys: 0 });
  expect(await refused.retry(second?.id ?? 0, 'anna', 'the limit is higher now')).toEqual({ keys: 1 });
  await eventually('tried again', async () => (await refused.get(id)).attempts === 2);
  expect(await refused.get(id)).toMatchObject({ behind: 1, first: id, status: 'MANUAL', error: 'will not have it' });
  expect(await refused.discard(id, 'bert', 'nobody wants it')).toEqual({ left: 1 });
  expect((await refused.get(id)).decisions.map(({ action, actor, reason }) => [action, actor, reason])).toEqual([
    ['retry', 'anna', 'the limit is higher now'],
    ['discard', 'bert', 'nobody wants it'],
  ]);
  await expect(refused.discard(id, 'bert', 'again')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  await eventually('the one behind goes on', () => broker.positions.includes(2));
  expect(await refused.list({ status: 'DISCARDED' })).toHaveLength(1);
  await eventually('what was published waits no more', async () => (await refused.count()) === 2);
});

it('read models are not behind for what the broker refuses: consumers take it from the log', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(2, 3));
  const consumers = await consumerRig(databases);
  consumers.start({ broker, published: () => rig.cursor() });
  await reached(databases, 0);
  rig.start(broker, { retrySchedule: patient });
  await databases.append([...journey('a', ['1', '2', '3']), ...journey('b', ['1'])]);
  await reached(databases, 4);
  await databases.append([moved('a', '4')]);
  await reached(databases, 5);
  expect(await databases.read(`select moves from parcels where parcel_id = 'parcel-a'`)).toEqual([{ moves: 3 }]);
  expect(broker.positions).toEqual([1, 4]);
});

it('a relay that lost its lease settles nothing', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  broker.refuse(isAt(1));
  const relay = rig.start(broker, { retrySchedule: patient });
  await databases.append(journey('a', ['1']));
  await eventually('refused', async () => (await rig.failures()).length === 1);
  await relay.stop();
  const [lease] = await databases.store<{ token: string }>(`select token from leases where name = 'relay:embedded'`);
  const settlement = { key: 'parcel-a', published: [1], handedAt: 0, confirmedAt: 0, refused: undefined };
  await expect(rig.store.settle({ token: Number(lease?.token) - 1 }, settlement, [])).rejects.toMatchObject({
    code: 'MR010',
  });
  expect(await rig.failures()).toEqual(['1 FAILED 1']);
  await rig.store.settle({ token: Number(lease?.token) }, settlement, []);
  expect(await rig.failures()).toEqual([]);
});

it('a relay whose database does not answer is started again, and says so', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let hang = false;
  class Hanging extends RelayStore {
    override cursor(): ReturnType<RelayStore['cursor']> {
      return hang ? new Promise(() => undefined) : super.cursor();
    }
  }
  const relay = rig.start(broker, { store: new Hanging(rig.pool, 'embedded'), stuckAfter: 200 });
  await databases.append(journey('a', ['1']));
  await passed(relay, 1);
  hang = true;
  await eventually('it is started again', () => relay.restarts > 0);
  expect(relay.error).toMatchObject({ code: 'RELAY_STUCK' });
  expect(rig.errors.some((error) => String(error).includes('made no progress'))).toBe(true);
  hang = false;
  await databases.append(journey('b', ['1']));
  await passed(relay, 2);
  await eventually('it says nothing any more', () => relay.error === undefined);
});
