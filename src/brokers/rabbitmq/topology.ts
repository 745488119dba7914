import type { Channel } from 'amqplib';

/** What has to be there before anything is published or consumed. */
export interface Topology {
  /** The topic exchange that the relay publishes to. */
  readonly exchange: string;
  /** The first words of every routing key. The last word is the event's type. */
  readonly routingPrefix: string;
  /** The queues of all consumers, so that a message waits for a consumer that was never there yet. */
  readonly queues: readonly string[];
}

const day = 86_400_000;

/**
 * Declares exchange, queues and bindings; does nothing where they are there already. Rejects, and closes the channel,
 * when one of them is there with other arguments.
 *
 * Queues are durable quorum queues: they survive the loss of a node. Messages expire after 24 hours, which loses
 * nothing: consumers read from the log what they were not delivered. What expires, or cannot be read by any consumer,
 * goes to the dead-letter exchange, for people to look at.
 */
export async function declareTopology(channel: Channel, topology: Topology): Promise<void> {
  const { exchange } = topology;
  const dead = deadLetterName(exchange);
  await channel.assertExchange(exchange, 'topic', { durable: true });
  await channel.assertExchange(dead, 'fanout', { durable: true });
  await channel.assertQueue(dead, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': 7 * day, 'x-max-length': 100_000 },
  });
  await channel.bindQueue(dead, dead, '');
  for (const queue of topology.queues) await declareQueue(channel, topology, queue);
}

/** The same for one queue and its binding. */
export async function declareQueue(channel: Channel, topology: Topology, queue: string): Promise<void> {
  await channel.assertQueue(queue, {
    durable: true,
    autoDelete: false,
    messageTtl: day,
    deadLetterExchange: deadLetterName(topology.exchange),
    // RabbitMQ 4 sets a limit of its own. What a consumer that crashes again and again is not handed any more, it reads
    // from the log.
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 100 },
  });
  // A star stands for exactly one word: the event's type.
  await channel.bindQueue(queue, topology.exchange, `${topology.routingPrefix}.*`);
}

/** Exchange and queue for what no consumer could take. */
export function deadLetterName(exchange: string): string {
  return `${exchange}.dead-letters`;
}

export function routingKey(topology: Topology, eventType: string): string {
  return `${topology.routingPrefix}.${eventType}`;
}
