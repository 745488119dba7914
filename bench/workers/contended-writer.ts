/**
 * One of several processes that write to the same streams. Says `ready`, waits for a line on standard input, writes for
 * some seconds and prints one JSON object.
 */
import { once } from 'node:events';
import { startSystem } from '../../src/start-system.ts';
import { counter } from '../counter.ts';
import { orderSystem } from '../order-system.ts';

const [
  eventStoreUrl = '',
  readModelsUrl = '',
  streams = '64',
  callers = '64',
  warmUp = '2',
  seconds = '3',
  turn = '0',
] = process.argv.slice(2);

const system = await startSystem(orderSystem, { eventStoreUrl, readModelsUrl, roles: ['api'] });
process.stdout.write('ready\n');
await once(process.stdin, 'data');

let commands = 0;
let stored = 0;
let slowestMs = 0;
// Both processes are young: what they compile at first is no contention.
const start = performance.now() + Number(warmUp) * 1000;
const deadline = start + Number(seconds) * 1000;
const caller = async (number: number): Promise<void> => {
  let next = number;
  for (let now = performance.now(); now < deadline;) {
    next = (next * 5 + 13) % Number(streams);
    await system.execute(counter, { counter: `counter-${turn}-${next}`, by: 1 });
    const after = performance.now();
    stored += 1;
    if (now >= start) {
      slowestMs = Math.max(slowestMs, after - now);
      commands += 1;
    }
    now = after;
  }
};
await Promise.all(Array.from({ length: Number(callers) }, (_, number) => caller(number)));
const elapsedSeconds = (performance.now() - start) / 1000;
process.stdout.write(`${JSON.stringify({ commands, stored, slowestMs, elapsedSeconds })}\n`);
process.stdin.destroy();
await system.stop();
