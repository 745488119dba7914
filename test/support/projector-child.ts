/** Runs in a process of its own: the example with the role projector, whose handlers take their time. */
import process from 'node:process';
import { startSystem } from '../../src/start-system.ts';
import { makeExample } from './example-system.ts';

const [eventStoreUrl = '', readModelsUrl = '', microseconds = '0'] = process.argv.slice(2);
const { system, trouble } = makeExample();
const nanoseconds = BigInt(microseconds) * 1000n;
trouble.seen = () => {
  const end = process.hrtime.bigint() + nanoseconds;
  while (process.hrtime.bigint() < end);
};
const running = await startSystem(system, { eventStoreUrl, readModelsUrl, roles: ['projector'] });
process.once('disconnect', () => void running.stop());
process.send?.('ready');
