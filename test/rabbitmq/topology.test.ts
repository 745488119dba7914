import { connect, type Channel, type ChannelModel, type Options } from 'amqplib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { deadLetterName, declareTopology, routingKey, type Topology } from '../../src/brokers/rabbitmq/topology.ts';
import { removeTopology } from './own-topology.ts';

const { exchange, routingPrefix } = waitingRoom.transport;
const topology: Topology = { exchange, routingPrefix, queues: waitingRoom.projections.map(({ queue }) => queue) };
const day = 24 * 60 * 60 * 1000;

/** What the seeds say of their queue, and what a queue that survives a node needs besides. */
const asTheSeedsSay: Options.AssertQueue = {
  durable: true,
  autoDelete: false,
  messageTtl: day,
  deadLetterExchange: deadLetterName(exchange),
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 100 },
};

describe('the topology of the waiting room', () => {
  let connection: ChannelModel;
  let channel: Channel;

  beforeAll(async () => {
    connection = await connect(inject('rabbitmqUrl'));
    channel = await connection.createChannel();
    await declareTopology(channel, topology);
  });

  afterAll(async () => {
    await connection.close();
    await removeTopology(inject('rabbitmqUrl'), topology);
  });

  test('S059, S234, S322, S413: has the topic exchange of the seeds', async () => {
    expect(exchange).toBe('waiting_room_events');
    // The broker refuses an exchange that is there as another kind.
    await channel.assertExchange('waiting_room_events', 'topic', { durable: true });
  });

  test.each(['waiting-room-projection-queue', 'waiting-room-analytics-queue'])(
    'S062–S065, S236, S323, S324: %s is durable, not deleted by itself, and keeps messages for 24 hours',
    async (queue) => {
      await channel.assertQueue(queue, asTheSeedsSay);
    },
  );

  test('S063–S065: a queue with another time to live is another queue, which the broker refuses', async () => {
    const other = await connection.createChannel();
    other.on('error', () => undefined);
    await expect(
      other.assertQueue('waiting-room-projection-queue', { ...asTheSeedsSay, messageTtl: day / 2 }),
    ).rejects.toThrow(/PRECONDITION[_-]FAILED/i);
  });

  test('S060, S061, S235: the pattern waiting.room.* brings every type of event to both queues, and longer keys to none', async () => {
    for (const queue of topology.queues) await channel.purgeQueue(queue);
    const confirms = await connection.createConfirmChannel();
    const key = routingKey(topology, 'PatientCheckedIn');
    expect(key).toBe('waiting.room.PatientCheckedIn');
    confirms.publish(exchange, key, Buffer.from('taken'));
    confirms.publish(exchange, 'waiting.room.patient.checked-in', Buffer.from('not taken'));
    await confirms.waitForConfirms();
    for (const queue of ['waiting-room-projection-queue', 'waiting-room-analytics-queue']) {
      expect((await channel.checkQueue(queue)).messageCount).toBe(1);
      const message = await channel.get(queue, { noAck: true });
      expect(message === false ? '' : message.content.toString()).toBe('taken');
    }
    await confirms.close();
  });
});
