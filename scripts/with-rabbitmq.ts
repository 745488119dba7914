import process from 'node:process';
import { findRabbitMq, installRabbitMq } from '../test/support/rabbitmq-install.ts';
import { runTool } from './development-tool.ts';

/**
 * Runs the tests that need a RabbitMQ, on Debian's, started by hand in a folder that is thrown away. Run as root, it
 * installs the package when it is missing. Arguments go on to Vitest.
 *
 *     npm run test:rabbitmq
 *     MILLRACE_TEST_RABBITMQ_URL=amqp://… npm run test:rabbitmq       uses that one
 *
 * Exits with 69 when there is no RabbitMQ and none can be installed.
 */

/** EX_UNAVAILABLE of sysexits.h: .ci/run lists the suite as not run. */
const unavailable = 69;
const given = process.env['MILLRACE_TEST_RABBITMQ_URL'] ?? '';

if (given !== '' || findRabbitMq() !== undefined || installRabbitMq()) {
  process.exitCode = await runTool('vitest', ['run', '--project', 'rabbitmq', ...process.argv.slice(2)]);
} else {
  process.stderr.write(
    'NOT RUN: the tests with RabbitMQ. Install the Debian package rabbitmq-server, run this as root, or name a node in ' +
      'MILLRACE_TEST_RABBITMQ_URL.\n',
  );
  process.exitCode = unavailable;
}
