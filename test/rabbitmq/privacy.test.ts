import { connect, type ConsumeMessage } from 'amqplib';
import { expect, inject, it } from 'vitest';
import { application } from '../../apps/waiting-room/app.ts';
import { deadLetterName } from '../../src/brokers/rabbitmq/topology.ts';
import { canariesIn } from '../support/canaries.ts';
import { CanaryDay } from '../support/canary-day.ts';
import { eventually } from '../support/example-databases.ts';
import { GrpcClinic } from '../support/grpc-clinic.ts';
import { ownTopology, removeTopology } from './own-topology.ts';

const rabbitmqUrl = inject('rabbitmqUrl');

it('a day of patients puts nothing personal into routing keys, headers and properties of messages, nor into names of queues', async () => {
  const { system } = application;
  const topology = ownTopology(...system.projections.map(({ id }) => id));
  const app = {
    ...application,
    system: {
      ...system,
      transport: { exchange: topology.exchange, routingPrefix: topology.routingPrefix },
      projections: system.projections.map((projection, index) => ({
        ...projection,
        ...(topology.queues[index] === undefined ? {} : { queue: topology.queues[index] }),
      })),
    },
  };
  const connection = await connect(rabbitmqUrl);
  const messages: ConsumeMessage[] = [];
  try {
    const channel = await connection.createChannel();
    const clinic = await GrpcClinic.start('required', { app, rabbitmqUrl });
    try {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, topology.exchange, '#');
      await channel.consume(queue, (message) => message !== null && messages.push(message), { noAck: true });
      const day = new CanaryDay(clinic);
      await day.live();
      await eventually('all of it has been published', () => messages.length > 25);
    } finally {
      await clinic.stop();
    }
    // The canaries were there: a message carries the whole event.
    expect(canariesIn(messages.map(({ content }) => content.toString()).join('\n'))).toContain('name');
    const around = messages.map(({ fields, properties }) => JSON.stringify([fields, properties]));
    expect(around.filter((text) => canariesIn(text).length > 0)).toEqual([]);
    expect(canariesIn(JSON.stringify([topology, deadLetterName(topology.exchange)]))).toEqual([]);
  } finally {
    await connection.close();
    await removeTopology(rabbitmqUrl, topology);
  }
}, 180_000);
