/**
 * The waiting room with its API in a process of its own. Says where it listens; `fill <queue> <patients>` on standard
 * input checks patients in and answers `filled` when the read model shows them, `end` stops it.
 */
import { createInterface } from 'node:readline';
import { application } from '../../apps/waiting-room/app.ts';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { startServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';

const [eventStoreUrl = '', readModelsUrl = '', roles = ''] = process.argv.slice(2);
const warn = (message: string): void => void process.stderr.write(`  clinic: ${message}\n`);
const system = await startSystem(application.system, {
  eventStoreUrl,
  readModelsUrl,
  logger: { info: () => undefined, warn, error: warn },
  ...(roles === 'api' ? { roles: ['api'] } : {}),
});
const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
process.stdout.write(`${server.url}\n`);

let patients = 0;
const atOnce = 64;

for await (const line of createInterface({ input: process.stdin })) {
  const [order, queueId = '', count = ''] = line.split(' ');
  if (order !== 'fill') break;
  for (let left = Number(count); left > 0; left -= atOnce) {
    const commands = Array.from({ length: Math.min(atOnce, left) }, () => checkInCommand((patients += 1), queueId));
    await Promise.all(commands.map((command) => system.execute(checkInToUnlimitedQueue, command)));
  }
  await untilCaughtUp(system);
  process.stdout.write('filled\n');
}
await server.stop();
await system.stop();
// A pipe that is open keeps the process.
process.stdin.destroy();
