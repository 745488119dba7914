import { connect } from 'amqplib';
import { expect, inject, it } from 'vitest';
import { deadLetterName, type Topology } from '../../src/brokers/rabbitmq/topology.ts';
import { defineProjection } from '../../src/index.ts';
import type { Role, RunningSystem } from '../../src/running-system.ts';
import {
  appendSteps,
  eventually,
  exampleDatabases,
  reached,
  readModelText,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { ownTopology, removeTopology } from './own-topology.ts';

const rabbitmqUrl = inject('rabbitmqUrl');

/** The example on a RabbitMQ of its own names, each role in a system of its own, as separate processes would be. */
interface Apart extends AsyncDisposable {
  readonly databases: ExampleDatabases;
  readonly topology: Topology;
  start(role: Role, urls?: Partial<Pick<ExampleDatabases, 'eventStoreUrl' | 'readModelsUrl'>>): Promise<RunningSystem>;
  append(steps: readonly Step[]): Promise<number>;
}

async function apart(): Promise<Apart> {
  const databases = await exampleDatabases();
  const topology = ownTopology('parcels');
  const [queue = ''] = topology.queues;
  const { example } = databases;
  // The same projection, on a queue of its own.
  Object.assign(example.projection, { queue });
  Object.assign(example.system, { transport: topology, projections: [example.projection] });
  expect(defineProjection({ ...example.projection }).queue).toBe(queue);
  return {
    databases,
    topology,
    start: (role, urls = {}) => databases.start({ roles: [role], rabbitmqUrl, ...urls }),
    append: async (steps) => (await appendSteps(databases.log, databases.registry, steps)).at(-1)?.position ?? 0,
    async [Symbol.asyncDispose]() {
      await databases[Symbol.asyncDispose]();
      await removeTopology(rabbitmqUrl, topology);
    },
  };
}

const logReadsOf = (system: RunningSystem): number => system.consumers?.()[0]?.logReads ?? Number.NaN;

async function withChannel<Result>(
  work: (channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>) => Promise<Result>,
): Promise<Result> {
  const connection = await connect(rabbitmqUrl);
  try {
    return await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

it('S002, S013, S030, S032, S033, S062, S106–S109, S118, S170–S173, S239–S242, S248, S279–S281, S319–S321, S326–S330, S392, S412–S414, S434–S436, S487, S488, S499–S503: api, relay and projector apart: every event takes effect from what is delivered, without a read of the log', async () => {
  await using system = await apart();
  await system.start('api');
  await system.start('relay');
  const projector = await system.start('projector');
  await eventually('the consumer is active', () => projector.consumers?.()[0]?.active === true);
  let last = 0;
  for (let parcel = 0; parcel < 200; parcel++)
    last = await system.append(journey(`p${parcel}`, ['north', 'east', 'south']));
  await reached(system.databases, last);
  expect(last).toBe(600);
  expect(logReadsOf(projector)).toBe(0);
  const [row] = await system.databases.read<{ parcels: string }>(
    'select count(*) as parcels from parcels where moves = 2',
  );
  expect(Number(row?.parcels)).toBe(200);
  // The relay has copied the stamps: every event has a whole row.
  await eventually('the ledger is complete', async () => {
    const [ledger] = await system.databases.store<{ whole: string }>(
      `select count(*) as whole from event_processing_lag where status = 'PROCESSED' and abs(outbox_wait_ms + outbox_dispatch_duration_ms
         + transit_ms + projection_processing_duration_ms - total_lag_ms) < 0.01`,
    );
    return Number(ledger?.whole) === 600;
  });
});

it('S007: a message that was lost is noticed, also when nothing comes behind it', async () => {
  await using system = await apart();
  await system.start('relay');
  const projector = await system.start('projector');
  await reached(system.databases, await system.append(journey('first', ['north'])));
  // The queue loses its binding for a moment: what is published now goes to another queue alone.
  const [queue = ''] = system.topology.queues;
  const { exchange, routingPrefix } = system.topology;
  await withChannel(async (channel) => {
    const { queue: other } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(other, exchange, '#');
    await channel.unbindQueue(queue, exchange, `${routingPrefix}.*`);
    const lost = await system.append(journey('lost', ['north', 'east']));
    await reached(system.databases, lost);
    expect(logReadsOf(projector)).toBeGreaterThan(0);
    await channel.bindQueue(queue, exchange, `${routingPrefix}.*`);
  });
});

it('a projector that is cut off from the event store goes on with what it is delivered', async () => {
  await using system = await apart();
  const proxy = await TcpProxy.open(system.databases.eventStoreUrl);
  try {
    await system.start('relay');
    const projector = await system.start('projector', { eventStoreUrl: proxy.url(system.databases.eventStoreUrl) });
    await reached(system.databases, await system.append(journey('before', ['north'])));
    await proxy.close();
    const last = await system.append(journey('after', ['north', 'east', 'south']));
    await reached(system.databases, last);
    expect(logReadsOf(projector)).toBe(0);
    expect(await readModelText(system.databases)).toContain('parcel-after');
  } finally {
    await proxy.close();
  }
});

it('a queue that was deleted is declared again, nothing is lost, and no attempt is counted', async () => {
  await using system = await apart();
  await system.start('relay');
  await system.start('projector');
  await reached(system.databases, await system.append(journey('before', ['north'])));
  const [queue = ''] = system.topology.queues;
  await withChannel((channel) => channel.deleteQueue(queue));
  const last = await system.append(journey('after', ['north', 'east']));
  await reached(system.databases, last);
  expect(await system.databases.store('select * from relay_failures')).toEqual([]);
  // The next one is delivered again.
  await reached(system.databases, await system.append(journey('later', ['north'])));
});

it('S117, S246: what is no event goes to the dead letters of the exchange, and the events behind it take effect', async () => {
  await using system = await apart();
  await system.start('relay');
  await system.start('projector');
  await reached(system.databases, await system.append(journey('before', ['north'])));
  const { exchange, routingPrefix } = system.topology;
  await withChannel(async (channel) => {
    channel.publish(exchange, `${routingPrefix}.Nonsense`, Buffer.from('nonsense'));
    await reached(system.databases, await system.append(journey('after', ['north'])));
    await eventually(
      'the dead letter',
      async () => (await channel.get(deadLetterName(exchange), { noAck: true })) !== false,
    );
  });
});

it('S389, S515: two projectors share the work by turns: the one that stands by takes over, and no event counts twice', async () => {
  await using system = await apart();
  await system.start('relay');
  const [one, two] = [await system.start('projector'), await system.start('projector')];
  await reached(system.databases, await system.append(journey('first', ['north', 'east'])));
  const active = one.consumers?.()[0]?.active === true ? one : two;
  const other = active === one ? two : one;
  const stopped = active.stop();
  const last = await system.append(journey('second', ['north', 'east', 'south']));
  await stopped;
  await reached(system.databases, last);
  expect(other.consumers?.()[0]?.active).toBe(true);
  const rows = await system.databases.read<{ moves: number }>('select moves from parcels order by parcel_id');
  expect(rows.map((row) => row.moves)).toEqual([1, 2]);
});
