import { installRabbitMq, findRabbitMq } from '../test/support/rabbitmq-install.ts';
import { startRabbitMq, type RabbitMq } from '../test/support/rabbitmq-server.ts';

/** Starts a RabbitMQ for a part. Throws when there is none and none can be installed. */
export async function openRabbit(progress: (line: string) => void): Promise<RabbitMq> {
  if (findRabbitMq() === undefined) {
    progress('installing RabbitMQ (apt-get install rabbitmq-server) ...');
    if (!installRabbitMq()) throw new Error('This part needs RabbitMQ: apt-get install rabbitmq-server');
  }
  return startRabbitMq();
}
