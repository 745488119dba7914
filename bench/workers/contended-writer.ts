/**
 * One of several processes that write to the same streams. Says `ready`, waits for a line on standard input, writes for
 * some seconds and prints one JSON object.
 */
import { once } from 'node:events';
import { startSystem } from '../../src/start-system.ts';
import { counter } from '../counter.ts';
import { orderSystem } from '../order-system.ts';

const [eventStoreUrl = '', readModelsUrl = '', streams = '64', callers = '64', seconds = '3'] = process.argv.slice(2);

const system = await startSystem(orderSystem, { eventStoreUrl, readModelsUrl, roles: ['api'] });
process.stdout.write('ready\n');
await once(process.stdin, 'data');

let commands = 0;
let slowestMs = 0;
const start = performance.now();
const deadline = start + Number(seconds) * 1000;
const caller = async (number: number): Promise<void> => {
  let next = number;
  for (let now = performance.now(); now < deadline;) {
    next = (next * 5 + 13) % Number(streams);
    await system.execute(counter, { counter: `counter-${next}`, by: 1 });
    const after = performance.now();
    slowestMs = Math.max(slowestMs, after - now);
    now = after;
    commands += 1;
  }
};
await Promise.all(Array.from({ length: Number(callers) }, (_, number) => caller(number)));
const elapsedSeconds = (performance.now() - start) / 1000;
process.stdout.write(`${JSON.stringify({ commands, slowestMs, elapsedSeconds })}\n`);
process.stdin.destroy();
await system.stop();
