import { Pool } from 'pg';
import { expect, it } from 'vitest';
import type { Broker } from '../../src/brokers/broker.ts';
import { EmbeddedBroker } from '../../src/brokers/embedded.ts';
import { defineProjection, rows } from '../../src/index.ts';
import { Lease } from '../../src/postgres/lease.ts';
import { consumerRig } from '../support/consumer-rig.ts';
import { eventually, exampleDatabases, reached, readModelHash, readModelText } from '../support/example-databases.ts';
import { eventOf, journey, type Step } from '../support/example-system.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** Twenty events of five parcels, mixed. */
const twenty: Step[] = ['north', 'south', 'east', 'west'].flatMap((depot, turn) =>
  ['a', 'b', 'c', 'd', 'e'].map((parcel): Step =>
    turn === 0 ? { parcel, what: 'accepted', depot, weight: 100 } : { parcel, what: 'moved', depot },
  ),
);

async function moves(databases: Awaited<ReturnType<typeof exampleDatabases>>): Promise<number> {
  const [row] = await databases.read<{ moves: string }>('select coalesce(sum(moves + 1), 0) as moves from parcels');
  return Number(row?.moves);
}

it('S231, S243, S111, S114, S115, S232, S288, S377, S387: applies every event once, however often it is delivered and in whatever order', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start({ batchSize: 3 });
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  await rig.deliver(events.slice(0, 6));
  await rig.deliver(events.slice(0, 6));
  await rig.deliver(events.slice(10, 15).toReversed());
  await rig.deliver(events.slice(3, 12));
  await rig.deliver(events.slice(17));
  await rig.deliver(events);
  await reached(databases, 20);
  expect(await moves(databases)).toBe(20);
  const [row] = await databases.read<{ trail: unknown; version: string }>(
    `select trail, version from parcels where parcel_id = 'parcel-c'`,
  );
  expect(row).toEqual({ trail: { depots: ['north', 'south', 'east', 'west'] }, version: '4' });
  expect(rig.errors).toEqual([]);
});

it('reads nothing from the log in a healthy run', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start();
  await eventually('the consumer is active', () => consumer.state.active);
  for (const event of await databases.append(twenty)) await rig.deliver([event]);
  await reached(databases, 20);
  expect(consumer.state.logReads).toBe(0);
});

it('keeps its subscription, and what is in hand, when a retry has changed the rows meanwhile', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  let subscriptions = 0;
  const broker: Broker = {
    name: rig.broker.name,
    transit: rig.broker.transit,
    reachesOthers: rig.broker.reachesOthers,
    publish: (messages) => rig.broker.publish(messages),
    subscribe: (queue, onAvailable) => {
      subscriptions += 1;
      return rig.broker.subscribe(queue, onAvailable);
    },
    check: () => rig.broker.check(),
    close: () => rig.broker.close(),
  };
  const consumer = rig.start({ broker });
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  await rig.deliver(events.slice(0, 10));
  await reached(databases, 10);
  // What an applied dead letter leaves behind; see key-drain.ts.
  await databases.read('update projection_builds set epoch = epoch + 1');
  await rig.deliver(events.slice(10));
  await reached(databases, 20);
  expect(await moves(databases)).toBe(20);
  expect(subscriptions).toBe(1);
  expect(consumer.state.logReads).toBe(0);
  expect(rig.errors).toEqual([]);
});

it('fills a hole from the log before what comes behind it', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start();
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  await rig.deliver(events.filter((event) => event.position % 4 === 0));
  await reached(databases, 20);
  expect(await moves(databases)).toBe(20);
  expect(consumer.state.logReads).toBeGreaterThan(0);
});

it('notices that the last event was lost with nothing behind it, within the idle interval', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start({ idleInterval: 200 });
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  await rig.deliver(events.slice(0, 19));
  rig.published = 20;
  const since = performance.now();
  await reached(databases, 20);
  expect(performance.now() - since).toBeLessThan(2000);
  expect(await moves(databases)).toBe(20);
});

it('looks at once when it is nudged', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start({ idleInterval: 60_000 });
  await eventually('the consumer is active', () => consumer.state.active);
  await databases.append(twenty);
  rig.published = 20;
  await eventually('a nudge is heard', () => {
    consumer.nudge();
    return consumer.state.position === 20;
  });
});

it('does not run ahead of the relay', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  let asked = 0;
  const consumer = rig.start({ idleInterval: 5, published: () => Promise.resolve((asked++, 0)) });
  await databases.append(twenty);
  await eventually('it has looked ten times', () => asked > 10);
  expect(consumer.state.position).toBe(0);
  expect(await moves(databases)).toBe(0);
});

it('refuses messages of another log and of another incarnation, and takes the events from its own log', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start();
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  const forged = events.map((event) => ({ ...event, payload: '{"label":"forged","depot":"forged","weight":1}' }));
  await rig.deliver(forged, { log: 'another' });
  await rig.deliver(forged, { incarnation: '00000000-0000-4000-8000-000000000000' });
  await eventually('they are refused', () => consumer.state.refused === 40);
  expect(consumer.state.position).toBe(0);
  rig.published = 20;
  await reached(databases, 20);
  expect(await databases.read(`select 1 from depots where depot = 'forged'`)).toEqual([]);
});

it('goes on after a restart, and catches up after a long stop', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const first = rig.start();
  await eventually('the consumer is active', () => first.state.active);
  await rig.deliver(await databases.append(twenty));
  await reached(databases, 20);
  await first.stop();
  await databases.append(twenty.map((step) => ({ ...step, parcel: `${step.parcel}2` })));
  await databases.append(journey('late', ['north', 'south']));
  rig.published = 42;
  const second = rig.start({ batchSize: 7 });
  await reached(databases, 42);
  expect(second.state.logReads).toBeGreaterThan(0);
  expect(await moves(databases)).toBe(42);
});

it('applies what was delivered before it stops', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start({ batchSize: 2 });
  await eventually('the consumer is active', () => consumer.state.active);
  await rig.deliver(await databases.append(twenty));
  await consumer.stop();
  expect(await moves(databases)).toBe(20);
});

it('recovers from a full buffer: what the broker dropped is read from the log', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const broker = new EmbeddedBroker(4);
  const consumer = rig.start({ broker });
  await eventually('the consumer is active', () => consumer.state.active);
  const events = await databases.append(twenty);
  await broker.publish(
    events.map((event) => ({
      event,
      log: 'parcels',
      incarnation: rig.incarnation,
      previous: event.position - 1,
      handedAt: 0,
    })),
  );
  rig.published = 20;
  await reached(databases, 20);
  expect(await moves(databases)).toBe(20);
});

it('two consumers at once on one projection: one is active, and the effect is there once', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumers = [rig.start(), rig.start(), rig.start()];
  const active = () => consumers.filter((consumer) => consumer.state.active);
  await eventually('one is active', () => active().length === 1);
  const events = await databases.append(twenty);
  for (const event of events.slice(0, 10)) await rig.deliver([event, event]);
  await reached(databases, 10);
  expect(active()).toHaveLength(1);
  await active()[0]?.stop();
  rig.published = 20;
  await reached(databases, 20);
  expect(await moves(databases)).toBe(20);
});

it('two consumers that both believe to hold the lease still apply every event once: the checkpoint decides', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const pool = new Pool({ connectionString: databases.readModelsUrl, max: 4 });
  databases.onEnd(() => pool.end());
  // A lease of its own for each: as if the lease had failed.
  const consumers = ['one', 'two', 'three'].map((name) =>
    rig.start({ lease: new Lease(pool, `wrong:${name}`, name), batchSize: 2 }),
  );
  await eventually('all are active', () => consumers.every((consumer) => consumer.state.active));
  const steps = Array.from({ length: 60 }, (_, index) => journey(`p${index}`, ['north', 'south', 'east'])).flat();
  const events = await databases.append(steps);
  for (let at = 0; at < events.length; at += 5) await rig.deliver(events.slice(at, at + 5));
  rig.published = events.length;
  await reached(databases, events.length);
  expect(await moves(databases)).toBe(events.length);
  const [total] = await databases.read<{ parcels: string }>('select sum(parcels) as parcels from depots');
  expect(Number(total?.parcels)).toBe(60);
});

it('S505: a connection that breaks at any statement leaves all of a batch or nothing, and the consumer goes on', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const proxy = await TcpProxy.open(databases.readModelsUrl, 'millrace parcels');
  const readModelsUrl = proxy.url(databases.readModelsUrl);
  let consumer = rig.start({ readModelsUrl });
  await eventually('the consumer is active', () => consumer.state.active && consumer.state.position === 0);
  let position = 0;
  let broken = 0;
  for (const fault of ['before', 'after', 'unheard', 'middle'] as const) {
    for (let exchange = 1; exchange <= 9; exchange++) {
      const parcel = `${fault}-${exchange}`;
      const events = await databases.append(journey(parcel, ['north', 'south', 'east']));
      proxy.arm([{ exchange, fault }]);
      await rig.deliver(events);
      position = events.at(-1)?.position ?? 0;
      rig.published = position;
      await reached(databases, position);
      if (proxy.faultsLeft === 0) broken++;
      proxy.arm([]);
      await eventually(
        'it is well again',
        () => consumer.state.error === undefined && consumer.state.position === position,
      );
    }
  }
  expect(broken).toBeGreaterThan(20);
  expect(await moves(databases)).toBe(position);
  const [total] = await databases.read<{ parcels: string; rows: string }>(
    'select (select sum(parcels) from depots) as parcels, (select count(*) from parcels) as rows',
  );
  expect(total).toEqual({ parcels: '36', rows: '36' });
  await consumer.stop();
  await proxy.close();
  consumer = rig.start();
  await eventually('it can start again', () => consumer.state.active);
}, 60_000);

it('a server that kills the connection again and again only delays', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const consumer = rig.start({ batchSize: 2 });
  await eventually('the consumer is active', () => consumer.state.active);
  let last = 0;
  for (let turn = 0; turn < 15; turn++) {
    const events = await databases.append(journey(`k${turn}`, ['north', 'south', 'east', 'west']));
    last = events.at(-1)?.position ?? 0;
    const delivered = rig.deliver(events);
    rig.published = last;
    await databases.read(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace parcels' and datname = current_database()`,
    );
    await delivered;
  }
  await reached(databases, last);
  expect(await moves(databases)).toBe(60);
});

it('S113: a consumer that hangs is unhealthy and is started again, and what it had not finished takes effect once', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const proxy = await TcpProxy.open(databases.readModelsUrl, 'millrace parcels');
  const consumer = rig.start({ readModelsUrl: proxy.url(databases.readModelsUrl), stuckAfter: 300 });
  await eventually('the consumer is active', () => consumer.state.active);
  await rig.deliver(await databases.append(journey('a', ['north'])));
  await reached(databases, 1);
  await eventually('it is idle', () => consumer.state.position === 1);
  proxy.arm(Array.from({ length: 7 }, (_, index) => ({ exchange: index + 2, fault: 'silent' as const })));
  await rig.deliver(await databases.append(journey('b', ['north', 'south'])));
  rig.published = 3;
  await reached(databases, 3);
  await eventually('it is started again', () => consumer.state.restarts === 1);
  expect(rig.errors.map((error) => String(error)).join()).toContain('no progress');
  await eventually('it is healthy again', () => consumer.state.error === undefined);
  expect(await moves(databases)).toBe(3);
  await consumer.stop();
  await proxy.close();
});

it('a consumer that cannot reach its database says so, does not spin, and goes on when it is back', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const proxy = await TcpProxy.open(databases.readModelsUrl, 'millrace parcels');
  const url = new URL(proxy.url(databases.readModelsUrl));
  await proxy.close();
  const consumer = rig.start({ readModelsUrl: url.href });
  const since = performance.now();
  await eventually('three failures', () => rig.errors.length >= 3);
  await eventually('it says so', () => consumer.state.error !== undefined);
  await consumer.stop();
  expect(rig.errors.length).toBeLessThan(4 + (performance.now() - since) / 40);
});

it('keeps order inside a key of its own choosing, across streams', async () => {
  await using databases = await exampleDatabases();
  const rig = await consumerRig(databases);
  const order: string[] = [];
  const definition = defineProjection({
    ...databases.example.projection,
    orderingKey: () => 'everything',
    rows: [
      rows<{ readonly parcel_id: string; readonly depot: string }>({
        table: 'parcels',
        key: 'parcel_id',
        columns: { parcel_id: 'text', depot: 'text' },
        keyOf: () => 'one',
        on: {
          ParcelAccepted(row, event) {
            order.push(event.stream);
            return row;
          },
        },
      }),
    ],
    totals: [],
  });
  rig.start({ definition, batchSize: 4 });
  const steps = Array.from({ length: 30 }, (_, index) => journey(`o${index}`, ['north'])).flat();
  const events = await databases.append(steps);
  await rig.deliver(events.slice(15));
  rig.published = 30;
  await reached(databases, 30);
  expect(order).toEqual(steps.map((step) => eventOf(step).stream));
});

it('gives the same tables batch by batch as one by one', async () => {
  const hashes: string[] = [];
  const texts: string[] = [];
  await using source = await exampleDatabases();
  const steps: Step[] = [
    ...twenty,
    ...(['a', 'b', 'c'] as const).map((parcel): Step => ({ parcel, what: 'delivered' })),
    ...journey('light', ['east', 'north'], 5),
    { parcel: 'light', what: 'delivered' },
    ...journey('light', ['west'], 5),
  ];
  const events = await source.append(steps);
  for (const batchSize of [1, 2, 5, 1000]) {
    const rig = await consumerRig(source);
    rig.published = events.length;
    await source.read(`update projection_builds set position = 0, event_id = null`);
    await source.read('truncate parcels_g1.parcels, parcels_g1.labels, parcels_g1.depots');
    const consumer = rig.start({ batchSize });
    await reached(source, events.length);
    await consumer.stop();
    hashes.push(await readModelHash(source));
    texts.push(await readModelText(source));
  }
  expect(texts[3]).toEqual(texts[0]);
  expect(new Set(hashes).size).toBe(1);
});
