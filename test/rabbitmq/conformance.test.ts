import { inject } from 'vitest';
import type { Broker } from '../../src/brokers/broker.ts';
import { RabbitMqBroker } from '../../src/brokers/rabbitmq/rabbitmq.ts';
import { brokerConformance } from '../conformance/broker.conformance.ts';
import { ownTopology, removeTopology } from './own-topology.ts';

/** The names of the suite's queues are the same in every test; here each test has queues of its own. */
brokerConformance('RabbitMQ', async () => {
  const url = inject('rabbitmqUrl');
  const topology = ownTopology('one', 'two', 'slow', 'quick');
  const rabbit = new RabbitMqBroker({ url, name: topology.exchange, topology });
  await rabbit.check();
  const broker: Broker = {
    name: rabbit.name,
    transit: rabbit.transit,
    reachesOthers: rabbit.reachesOthers,
    publish: (messages) => rabbit.publish(messages),
    subscribe: (queue, onAvailable) => rabbit.subscribe(`${topology.exchange}.${queue}`, onAvailable),
    check: () => rabbit.check(),
    close: () => rabbit.close(),
  };
  const close = async (): Promise<void> => {
    await rabbit.close();
    await removeTopology(url, topology);
  };
  return { broker, close };
});
