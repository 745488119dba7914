import { connect, type Channel } from 'amqplib';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { MessagesRefused, type BrokerMessage, type Subscription } from '../../src/brokers/broker.ts';
import { RabbitMqBroker, type RabbitMqOptions } from '../../src/brokers/rabbitmq/rabbitmq.ts';
import type { Topology } from '../../src/brokers/rabbitmq/topology.ts';
import { eventually } from '../support/example-databases.ts';
import { uuidOf } from '../support/numbers.ts';
import { startRabbitMq } from '../support/rabbitmq-server.ts';
import { ownTopology, removeTopology } from './own-topology.ts';

const sharedUrl = inject('rabbitmqUrl');
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

function message(position: number, type = 'Happened'): BrokerMessage {
  return {
    event: {
      id: uuidOf(position),
      position,
      stream: `stream-${position % 3}`,
      version: position,
      type,
      schemaVersion: 1,
      tags: [],
      payload: '{}',
      metadata: '{}',
      occurredAt: 1_700_000_000_000,
    },
    log: 'failures',
    incarnation: uuidOf(1),
    previous: position - 1,
    handedAt: 1_700_000_000_001,
  };
}

const messages = (from: number, to: number): BrokerMessage[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

function openBroker(url: string, topology: Topology, options: Partial<RabbitMqOptions> = {}): RabbitMqBroker {
  const broker = new RabbitMqBroker({ url, name: topology.exchange, topology, ...options });
  ends.push(() => broker.close());
  return broker;
}

/** A broker on the node that all tests share, with names of its own. */
async function sharedBroker(
  options: Partial<RabbitMqOptions> = {},
  url = sharedUrl,
): Promise<{ broker: RabbitMqBroker; topology: Topology }> {
  const topology = ownTopology('queue');
  ends.push(() => removeTopology(sharedUrl, topology));
  const broker = openBroker(url, topology, options);
  await broker.check();
  return { broker, topology };
}

async function withChannel(work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const connection = await connect(sharedUrl);
  try {
    await work(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

/** Takes and acknowledges until the last position has come; the positions in the order of their first arrival. */
async function takeUntil(subscription: Subscription, last: number): Promise<number[]> {
  const seen = new Set<number>();
  await eventually(
    `delivery of ${last}`,
    () => {
      const some = subscription.take(100);
      for (const delivery of some) seen.add(delivery.message.event.position);
      subscription.acknowledge(some);
      return seen.has(last);
    },
    40_000,
  );
  return [...seen];
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('a publication', () => {
  it('that no queue takes fails as an outage, and the next one finds the topology declared again', async () => {
    const { broker, topology } = await sharedBroker();
    const [queue = ''] = topology.queues;
    await withChannel((channel) => channel.deleteQueue(queue));
    await expect(broker.publish(messages(1, 3))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await broker.publish(messages(1, 3));
    expect(await takeUntil(await broker.subscribe(queue, () => undefined), 3)).toEqual([1, 2, 3]);
  });

  it('tells which messages the broker refused, and the others are taken', async () => {
    const { broker, topology } = await sharedBroker();
    const [queue = ''] = topology.queues;
    const full = `${topology.exchange}.full`;
    await withChannel(async (channel) => {
      await channel.assertQueue(full, { maxLength: 0, arguments: { 'x-overflow': 'reject-publish' } });
      await channel.bindQueue(full, topology.exchange, `${topology.routingPrefix}.Refused`);
    });
    ends.push(() => withChannel((channel) => channel.deleteQueue(full)));
    const published = broker.publish([
      message(1),
      message(2, 'Refused'),
      message(3),
      message(4, 'Refused'),
      message(5),
    ]);
    await expect(published).rejects.toBeInstanceOf(MessagesRefused);
    await expect(published).rejects.toMatchObject({ positions: [2, 4] });
    // A queue that took a message has it, although another one refused it.
    expect(await takeUntil(await broker.subscribe(queue, () => undefined), 5)).toEqual([1, 2, 3, 4, 5]);
  });

  it('of one message is an outage at first when it is refused, and a refusal when it stays so', async () => {
    const { broker, topology } = await sharedBroker();
    const full = `${topology.exchange}.full`;
    await withChannel(async (channel) => {
      await channel.assertQueue(full, { maxLength: 0, arguments: { 'x-overflow': 'reject-publish' } });
      await channel.bindQueue(full, topology.exchange, `${topology.routingPrefix}.Refused`);
    });
    ends.push(() => withChannel((channel) => channel.deleteQueue(full)));
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await broker.publish([message(1, 'Refused')]).catch((error: unknown) => codes.push(error));
    }
    expect(codes).toEqual([
      expect.objectContaining({ code: 'BROKER_UNAVAILABLE' }),
      expect.objectContaining({ code: 'BROKER_UNAVAILABLE' }),
      expect.objectContaining({ positions: [1] }),
    ]);
  });

  it('that is not confirmed in time fails, on a connection that is half open, and the next one gets through', async () => {
    const proxy = await StallingProxy.open(sharedUrl);
    ends.push(() => proxy.close());
    const { broker, topology } = await sharedBroker({ confirmTimeout: 300 }, proxy.url(sharedUrl));
    proxy.stall();
    await expect(broker.publish(messages(1, 2))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    proxy.resume();
    await broker.publish(messages(1, 4));
    const [queue = ''] = topology.queues;
    expect(await takeUntil(openSubscription(topology, queue), 4)).toEqual([1, 2, 3, 4]);
  });

  it('fails when the broker is away, within its patience', async () => {
    const broker = openBroker('amqp://guest:guest@127.0.0.1:1', ownTopology('queue'), { patience: 200 });
    await expect(broker.publish(messages(1, 1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await expect(broker.check()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});

function openSubscription(topology: Topology, queue: string): Subscription {
  const broker = openBroker(sharedUrl, topology);
  let subscription: Subscription | undefined;
  void broker.subscribe(queue, () => undefined).then((made) => (subscription = made));
  return {
    take: (maximum) => subscription?.take(maximum) ?? [],
    acknowledge: (deliveries) => subscription?.acknowledge(deliveries),
    get waiting() {
      return subscription?.waiting ?? 0;
    },
    close: () => Promise.resolve(),
  };
}

describe('a broker that goes away', () => {
  it('S129, S161, S325: by kill -9 loses nothing that it had confirmed, and both sides go on by themselves', async () => {
    const rabbit = await startRabbitMq();
    ends.push(() => rabbit.stop());
    const topology = ownTopology('queue');
    const broker = openBroker(rabbit.url, topology);
    const [queue = ''] = topology.queues;
    await broker.publish(messages(1, 50));
    await rabbit.node.saveQueues();
    await rabbit.kill();
    await expect(broker.publish(messages(51, 60))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    const subscription = await broker.subscribe(queue, () => undefined);
    await rabbit.start();
    // A quorum queue that has no leader yet takes messages and confirms none.
    const published = (): Promise<boolean> =>
      broker.publish(messages(51, 60)).then(
        () => true,
        () => false,
      );
    await eventually('the broker is back and takes messages', published, 45_000);
    expect((await takeUntil(subscription, 60)).toSorted((a, b) => a - b)).toEqual(upTo(60));
  });

  it('by an alarm blocks publications as an outage, and they go on at once when it is over', async () => {
    const rabbit = await startRabbitMq();
    ends.push(() => rabbit.stop());
    const broker = openBroker(rabbit.url, ownTopology('queue'), { patience: 500, confirmTimeout: 2_000 });
    await broker.publish(messages(1, 1));
    await rabbit.ctl('set_vm_memory_high_watermark', '0.0000001');
    await eventually(
      'publications are blocked',
      () =>
        broker.publish(messages(2, 2)).then(
          () => false,
          () => true,
        ),
      30_000,
    );
    await expect(broker.check()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await rabbit.ctl('set_vm_memory_high_watermark', '0.4');
    await eventually(
      'publications go on',
      () =>
        broker.publish(messages(2, 2)).then(
          () => true,
          () => false,
        ),
      30_000,
    );
  });
});

describe('a subscription', () => {
  it('S110, S237, S386, S504: gets again what it took and did not acknowledge before its connection broke', async () => {
    const proxy = await StallingProxy.open(sharedUrl);
    ends.push(() => proxy.close());
    const { broker, topology } = await sharedBroker({}, proxy.url(sharedUrl));
    const [queue = ''] = topology.queues;
    const subscription = await broker.subscribe(queue, () => undefined);
    await broker.publish(messages(1, 5));
    await eventually('five deliveries', () => subscription.waiting === 5);
    const taken = subscription.take(5);
    subscription.acknowledge(taken.slice(0, 2));
    await withChannel((channel) => channel.checkQueue(queue));
    proxy.cut();
    await eventually('they come again', () => subscription.waiting >= 3);
    // What was taken over the old connection cannot be acknowledged over the new one.
    subscription.acknowledge(taken);
    expect((await takeUntil(subscription, 5)).at(-1)).toBe(5);
  });
});

/** Passes bytes on until it is told to hold them back, as a network does that has gone silent. */
class StallingProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => {
      const server = createConnection(this.#target);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => undefined);
        from.once('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  static async open(url: string): Promise<StallingProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new StallingProxy({ host: hostname, port: Number(port) });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  url(url: string): string {
    const address = this.#server.address();
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = typeof address === 'object' && address !== null ? String(address.port) : '';
    return through.href;
  }

  /** Nothing gets through on the connections that are there; new ones work. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe();
  }

  resume(): void {
    this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
