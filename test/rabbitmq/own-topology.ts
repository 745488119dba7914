import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { deadLetterName, type Topology } from '../../src/brokers/rabbitmq/topology.ts';

/** Exchange and queues that no other test has. */
export function ownTopology(...queues: readonly string[]): Topology {
  const exchange = `test-${randomUUID().slice(0, 8)}`;
  return { exchange, routingPrefix: 'some.test', queues: queues.map((queue) => `${exchange}.${queue}`) };
}

/** Removes them from a node that others use as well. */
export async function removeTopology(url: string, { exchange, queues }: Topology): Promise<void> {
  const connection = await connect(url);
  try {
    const channel = await connection.createChannel();
    for (const queue of [...queues, deadLetterName(exchange)]) await channel.deleteQueue(queue);
    for (const name of [exchange, deadLetterName(exchange)]) await channel.deleteExchange(name);
  } finally {
    await connection.close();
  }
}
