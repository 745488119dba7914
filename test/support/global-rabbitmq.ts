import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startRabbitMq } from './rabbitmq-server.ts';

/**
 * One RabbitMQ node for a whole run of the tests. MILLRACE_TEST_RABBITMQ_URL names another one to be used instead. A
 * test that breaks it starts one of its own with `startRabbitMq`; the others take exchanges and queues with names of
 * their own.
 */

declare module 'vitest' {
  interface ProvidedContext {
    /** `amqp://user:password@host:port` of a node with an empty virtual host `/`. */
    rabbitmqUrl: string;
  }
}

let stop: () => Promise<void> = async () => undefined;

export async function setup(project: TestProject): Promise<void> {
  const given = process.env['MILLRACE_TEST_RABBITMQ_URL'];
  if (given !== undefined && given !== '') {
    project.provide('rabbitmqUrl', given);
    return;
  }
  const rabbit = await startRabbitMq();
  stop = () => rabbit.stop();
  project.provide('rabbitmqUrl', rabbit.url);
}

export const teardown = (): Promise<void> => stop();
