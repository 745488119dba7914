import { connect } from 'amqplib';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { startRabbitMq, startRabbitMqCluster, type RabbitMq } from '../support/rabbitmq-server.ts';

let rabbit: RabbitMq | undefined;
afterEach(async () => {
  await rabbit?.stop();
  rabbit = undefined;
});

async function publishDurably(url: string, queue: string, text: string): Promise<void> {
  const connection = await connect(url);
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    channel.sendToQueue(queue, Buffer.from(text), { persistent: true });
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

/** Bounded: a queue that has lost its leader a moment ago may leave a question without an answer. */
async function take(url: string, queue: string): Promise<string | undefined> {
  const connection = await connect(url, { timeout: 5_000 });
  connection.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), 3_000);
  });
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    const got = channel.get(queue, { noAck: true }).catch(() => false as const);
    const message = await Promise.race([got, late]);
    return message === undefined || message === false ? undefined : message.content.toString();
  } finally {
    clearTimeout(timer);
    await connection.close().catch(() => undefined);
  }
}

describe('the RabbitMQ of the tests', () => {
  it('takes connections', async () => {
    const queue = `takes-connections-${process.pid}`;
    await publishDurably(inject('rabbitmqUrl'), queue, 'hello');
    expect(await take(inject('rabbitmqUrl'), queue)).toBe('hello');
  });

  it(
    'has what it confirmed when it was killed and started again, and stands still when told to',
    { timeout: 180_000 },
    async () => {
      rabbit = await startRabbitMq();
      await publishDurably(rabbit.url, 'kept', 'still there');
      await rabbit.node.saveQueues();
      await rabbit.kill();
      await expect(connect(rabbit.url)).rejects.toThrow('ECONNREFUSED');
      await rabbit.start();
      expect(await rabbit.ctl('list_queues', 'name', 'type')).toContain('kept\tquorum');
      expect(await take(rabbit.url, 'kept')).toBe('still there');
      rabbit.pause();
      await expect(connect(rabbit.url, { timeout: 300 })).rejects.toThrow('connect ETIMEDOUT');
      rabbit.resume();
      await publishDurably(rabbit.url, 'kept', 'awake');
    },
  );

  it('makes a cluster of three, whose quorum queues survive the loss of one', { timeout: 180_000 }, async () => {
    rabbit = await startRabbitMqCluster();
    const [first, second] = rabbit.nodes;
    if (first === undefined || second === undefined) throw new Error('There are no nodes.');
    await publishDurably(first.url, 'shared', 'on three nodes');
    await first.saveQueues();
    await first.kill();
    await expect.poll(() => take(second.url, 'shared'), { timeout: 30_000 }).toBe('on three nodes');
  });
});
