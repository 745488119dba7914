import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { Pool } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { Lease } from '../../src/postgres/lease.ts';
import type { Relay } from '../../src/relay/relay.ts';
import { pendingEvents, PostgresOutbox } from '../../src/relay/outbox.ts';
import { RelayStore } from '../../src/relay/relay-store.ts';
import { ScriptedBroker } from '../support/consumer-rig.ts';
import { eventually, exampleDatabases } from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';
import { relayRig } from '../support/relay-rig.ts';

const positions = (broker: ScriptedBroker): number[] =>
  broker.published.flat().map((message) => message.event.position);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

it('S029, S317, S374, S486: publishes everything in order, what was there before and what comes, and moves the cursor behind it', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  await databases.append(journey('a', ['1', '2', '3']));
  const broker = new ScriptedBroker();
  const relay = rig.start(broker, { batchSize: 2 });
  await eventually('published', () => relay.position === 3);
  for (let index = 0; index < 20; index++) await databases.append(journey(`b${index}`, ['1', '2']));
  await eventually('cursor', async () => (await rig.cursor()) === 43);
  expect(positions(broker)).toEqual(upTo(43));
  expect(rig.errors).toEqual([]);
});

it('hears a nudge that comes while it reads the log', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  const { log } = databases;
  let relay: Relay | undefined;
  let raced = false;
  // Another process appends right after the read has looked, and its nudge comes before the read's answer.
  const slow: typeof log = {
    name: log.name,
    append: (request) => log.append(request),
    query: (queries, options) => log.query(queries, options),
    event: (id) => log.event(id),
    head: () => log.head(),
    saveSnapshot: (snapshot) => log.saveSnapshot(snapshot),
    loadSnapshot: (name) => log.loadSnapshot(name),
    onAppended: () => () => undefined,
    onIncarnationChanged: () => () => undefined,
    close: () => log.close(),
    read: async (options) => {
      const events = await log.read(options);
      if (!raced && events.length > 0) {
        raced = true;
        await databases.append(journey('b', ['1']));
        relay?.nudge();
      }
      return events;
    },
  };
  relay = rig.start(broker, { log: slow, pollingInterval: 600_000 });
  await eventually('it has the lease', () => relay?.active ?? false);
  await databases.append(journey('a', ['1']));
  await eventually('both are published', () => {
    if (!raced) relay?.nudge();
    return relay?.position === 2;
  });
});

it('S131–S133: waits out a broker that is away, with growing pauses, and publishes everything once it is back', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  const tries: number[] = [];
  broker.script = () => {
    tries.push(performance.now());
    return Promise.reject(new Error('away'));
  };
  const relay = rig.start(broker, { longestPause: 200 });
  await databases.append(journey('a', ['1', '2', '3']));
  await eventually('seven tries', () => tries.length >= 7);
  const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
  expect(pauses[0]).toBeGreaterThan(40);
  expect(pauses[5]).toBeGreaterThan(190);
  expect(await rig.cursor()).toBe(0);
  broker.script = (_messages, pass) => pass();
  const since = performance.now();
  await eventually('published', () => relay.position === 3);
  expect(performance.now() - since).toBeLessThan(1000);
  expect(positions(broker)).toEqual([1, 2, 3]);
});

it('gives up a publication that is never confirmed, and sends it again', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let hung = 0;
  broker.script = (_messages, pass) => {
    if (hung++ > 0) return pass();
    return new Promise((_resolve, reject) => {
      setTimeout(() => reject(new Error('much too late')), 400).unref();
    });
  };
  const relay = rig.start(broker, { publishTimeout: 100 });
  await databases.append(journey('a', ['1', '2']));
  await eventually('published', () => relay.position === 2);
  expect(String(rig.errors[0])).toContain('did not confirm');
});

it('the cursor never passes what the broker confirmed', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  let confirmed = 0;
  let sent = 0;
  broker.script = async (messages, pass) => {
    sent++;
    await pass();
    if (sent % 3 === 0) throw new Error('delivered, and then not confirmed');
    confirmed = messages.at(-1)?.event.position ?? confirmed;
  };
  const seen: number[] = [];
  rig.start(broker, { batchSize: 3, longestPause: 5, onAdvanced: (position) => seen.push(position - confirmed) });
  for (let index = 0; index < 30; index++) await databases.append(journey(`a${index}`, ['1', '2']));
  await eventually('cursor', async () => {
    expect(await rig.cursor()).toBeLessThanOrEqual(confirmed);
    return (await rig.cursor()) === 60;
  });
  expect(Math.max(...seen)).toBeLessThanOrEqual(0);
  expect([...new Set(positions(broker))]).toEqual(upTo(60));
});

it('an event store that is away for a moment loses no cursor', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  const relay = rig.start(broker);
  await eventually('active', () => relay.active);
  for (let round = 0; round < 8; round++) {
    await databases.append(journey(`a${round}`, ['1', '2', '3']));
    await databases.read(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [
      new URL(databases.eventStoreUrl).pathname.slice(1),
    ]);
  }
  await eventually('cursor', async () => (await rig.cursor().catch(() => 0)) === 24);
  expect([...new Set(positions(broker))]).toEqual(upTo(24));
});

it('S126: of many relays one publishes; when it stops the next one goes on without a gap', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  const relays = [rig.start(broker), rig.start(broker), rig.start(broker)];
  let most = 0;
  let last = 0;
  for (let round = 0; round < 3; round++) {
    await eventually('one is active', () => {
      most = Math.max(most, relays.filter((relay) => relay.active).length);
      return relays.some((relay) => relay.active);
    });
    last = (await databases.append(journey(`a${round}`, ['1', '2', '3']))).at(-1)?.position ?? 0;
    await eventually('cursor', async () => {
      most = Math.max(most, relays.filter((relay) => relay.active).length);
      return (await rig.cursor()) === last;
    });
    await relays.find((relay) => relay.active)?.stop();
  }
  expect(most).toBe(1);
  expect(positions(broker)).toEqual(upTo(last));
});

it('a relay that was paused moves no cursor and begins behind the one that took over', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const paused = new ScriptedBroker();
  let go: (() => void) | undefined;
  paused.script = async (_messages, pass) => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    await pass();
  };
  const first = rig.start(paused, { batchSize: 1 });
  await databases.append(journey('a', ['1', '2', '3']));
  await eventually('it is held in its publication', () => first.active && go !== undefined);
  // Its lease runs out while it is paused: as if it had not been renewed.
  await databases.store(
    `update leases set token = token + 1, holder = 'elsewhere/1/x', lease_until = clock_timestamp() - interval '1 second'`,
  );
  const second = new ScriptedBroker();
  const other = rig.start(second);
  await eventually('the other one publishes', async () => (await rig.cursor()) === 3);
  expect(other.active).toBe(true);
  go?.();
  paused.script = (_messages, pass) => pass();
  await eventually('it has noticed', () => !first.active);
  await databases.append(journey('b', ['1', '2']));
  await eventually('the other one goes on', async () => (await rig.cursor()) === 5);
  expect(positions(second)).toEqual([1, 2, 3, 4, 5]);
  // What it had in hand may come twice; nothing that came after it noticed.
  expect([1, 2, 3]).toEqual(expect.arrayContaining(positions(paused)));
});

it('takes over at once from a holder on this machine that is dead, and waits for one that may live', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const lease = new Lease(rig.pool, 'some-lease', 'here');
  const hold = (holder: string, until: string) =>
    databases.store(
      `insert into leases values ('some-lease', $1, 7, clock_timestamp() + $2::interval)
       on conflict (name) do update set holder = excluded.holder, token = 7, lease_until = excluded.lease_until`,
      [holder, until],
    );
  const [here] = lease.holder.split('/');
  await hold(`${here}/${child.pid}/x`, '1 hour');
  expect(await lease.acquire()).toEqual({ token: 8 });
  await hold('another-machine/1/x', '1 hour');
  expect(await lease.acquire()).toBeUndefined();
  await hold(`${here}/${process.ppid}/x`, '1 hour');
  expect(await lease.acquire()).toBeUndefined();
  // The same name with process ids of its own, as containers have: nobody knows who is meant.
  await hold(`${hostname()}/${child.pid}/x`, '1 hour');
  expect(await lease.acquire()).toBeUndefined();
  await hold('another-machine/1/x', '-1 second');
  expect(await lease.acquire()).toEqual({ token: 8 });
});

it('a lease goes to one of many that want it, is kept, is lost to a higher token, and is not revived once given back', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const leases = Array.from({ length: 12 }, (_, index) => new Lease(rig.pool, 'wanted', `w${index}`));
  const taken = (await Promise.all(leases.map((lease) => lease.acquire()))).map((held, index) => ({
    held,
    lease: leases[index],
  }));
  const winners = taken.filter(({ held }) => held !== undefined);
  expect(winners).toHaveLength(1);
  const { held, lease } = winners[0] ?? {};
  if (held === undefined || lease === undefined) throw new Error('nobody won');
  let lost = 0;
  const keeper = lease.keep(held, { onLost: () => void lost++ });
  onTestFinished(() => keeper.stop());
  expect(await lease.renew(held)).toBe(true);
  expect(keeper.held).toBe(true);
  await databases.store(`update leases set token = token + 1 where name = 'wanted'`);
  await eventually('it is told', () => lost === 1);
  expect(keeper.held).toBe(false);
  const loser = taken.find((one) => one.held === undefined)?.lease;
  const again = await loser?.acquire();
  expect(again).toBeUndefined();
  await databases.store(
    `update leases set lease_until = clock_timestamp() - interval '1 second' where name = 'wanted'`,
  );
  const next = await loser?.acquire();
  if (next === undefined) throw new Error('not taken');
  await loser?.release(next);
  expect(await loser?.renew(next)).toBe(false);
  // Free again, and wanted by many at once: the token is compared and set.
  const rush = await Promise.all(
    Array.from({ length: 12 }, (_, index) => new Lease(rig.pool, 'wanted', `late${index}`).acquire()),
  );
  expect(rush.filter((one) => one !== undefined)).toHaveLength(1);
});

it('a cursor that somebody moved, and a log that lost its end, make the relay begin anew', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const broker = new ScriptedBroker();
  const relay = rig.start(broker);
  await databases.append(journey('a', ['1', '2', '3', '4']));
  await eventually('cursor', async () => (await rig.cursor()) === 4);
  await databases.store(
    `update relay_cursors set position = 2, event_id = (select event_id from parcel_events_log where position = 2)`,
  );
  await eventually('published again', async () => (await rig.cursor()) === 4);
  expect(positions(broker)).toEqual([1, 2, 3, 4, 3, 4]);
  await relay.stop();
  await databases.store(`update relay_cursors set position = 99, event_id = gen_random_uuid()`);
  const next = rig.start(broker);
  await databases.append(journey('b', ['1']));
  await eventually('all of the log that is there is published', async () => (await rig.cursor()) === 5);
  expect(next.position).toBe(5);
  expect(positions(broker).slice(6)).toEqual([1, 2, 3, 4, 5]);
});

it('tells what waits without a look at what was published, however long the log', async () => {
  await using databases = await exampleDatabases();
  await databases.append(journey('a', ['1']));
  await databases.store(`begin; set local millrace.appending = 'yes';
    insert into parcel_events_log (position, event_id, aggregate_id, version, event_name, schema_version, payload, metadata, tags, occurred_at)
    select n, gen_random_uuid(), 'bulk-' || n, 1, 'ParcelMoved', 1, '{}', '{}', null, now() from generate_series(2, 60000) n; commit`);
  await databases.store('analyze parcel_events_log');
  await databases.store(`insert into relay_cursors (destination, position) values ('embedded', 59000)`);
  await databases.store(`update lag_cursor set position = 58000`);
  const pool = new Pool({ connectionString: databases.eventStoreUrl, max: 2 });
  databases.onEnd(() => pool.end());
  const outbox = new PostgresOutbox(pool, databases.example.system.tables);
  const pending = await outbox.pending(10);
  expect(pending.count).toBe(1000);
  expect(pending.events.map((event) => event.position)).toEqual(
    Array.from({ length: 10 }, (_, index) => 59_001 + index),
  );
  for (const [query, most] of [
    [pendingEvents(databases.example.system.tables).replaceAll('$1', '100'), 300],
    ['select count(*) from parcel_outbox where published = false', 3500],
    [`select * from event_processing_lag where position > 59900 order by position desc`, 800],
    [`select count(*) from event_processing_lag where status = 'CREATED'`, 6000],
    ['select status, count(*) from event_processing_lag group by status', 9000],
  ] as const) {
    const plan = await databases.store<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) ${query}`,
    );
    const root = plan[0]?.['QUERY PLAN'][0].Plan;
    expect(root === undefined ? Infinity : rowsRead(root), query).toBeLessThan(most);
  }
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows that the scans of a plan have looked at. */
function rowsRead(node: PlanNode): number {
  const own = node['Node Type'].includes('Scan')
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0;
  return own + (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), 0);
}

it('another broker than before goes on where the relay of the one before stopped, and the outbox follows it', async () => {
  await using databases = await exampleDatabases();
  const rig = relayRig(databases);
  const outbox = new PostgresOutbox(rig.pool, databases.example.system.tables);
  const pending = async (): Promise<number> => (await outbox.pending()).count;
  await databases.append(journey('a', ['1', '2', '3']));
  const before = rig.start(new ScriptedBroker());
  await eventually('three published', async () => (await pending()) === 0);
  await before.stop();

  const store = new RelayStore(rig.pool, 'another');
  const broker = new ScriptedBroker('another');
  const lease = new Lease(rig.pool, store.leaseName, 'another');
  const after = rig.start(broker, { store, lease });
  await databases.append(journey('b', ['4', '5']));
  await eventually('two more published', async () => (await pending()) === 0);
  expect(positions(broker)).toEqual([4, 5]);
  await after.stop();

  // Back again: the cursor of the first broker stood still meanwhile, and holds nothing back.
  const again = new ScriptedBroker();
  rig.start(again);
  await databases.append(journey('c', ['6']));
  await eventually('the last one published', async () => (await pending()) === 0);
  expect(positions(again)).toEqual([6]);
});
