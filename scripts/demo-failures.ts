/**
 * Plays three failures on real processes, and shows state, detection and recovery as they happen: the outbox worker
 * crashes, RabbitMQ is away, a projection's handler fails. Ends with the check that nothing was lost.
 *
 *     npm run demo:failures
 *
 * Needs nothing but Node and npm; the failure of RabbitMQ needs Debian's package rabbitmq-server and is named as not
 * played where there is none. About a minute and a half. Everything it starts it stops again. Exits with 1 when something
 * was lost. See docs/guides/failures.md.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { playDemo } from '../test/chaos/demo.ts';
import { findRabbitMq } from '../test/support/rabbitmq-install.ts';
import { takesRabbitMq } from '../test/chaos/stage.ts';

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '50' }, embedded: { type: 'boolean', default: false } },
});
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
const folder = await mkdtemp(path.join(tmpdir(), 'millrace-demo-'));
await chmod(folder, 0o755); // the accounts of PostgreSQL and RabbitMQ have to reach it
try {
  const rabbitmq = !values.embedded && takesRabbitMq() && findRabbitMq() !== undefined;
  const holds = await playDemo({
    folder: path.join(folder, 'stage'),
    rabbitmq,
    rate: Number(values.rate),
    say: (line) => console.log(line),
    signal: interrupt.signal,
  });
  if (!holds) process.exitCode = 1;
} catch (error) {
  if (interrupt.signal.aborted) console.log('\nStopped.');
  else {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
