/** Runs in a process of its own: does what the test asks through IPC, on a log of its own, and sends back the result. */
import { once } from 'node:events';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { addToCart, CartItemAdded } from './cart.ts';
import { race, raceRequest } from './races.ts';
import { readChildJob, type ChildTask } from './store-processes.ts';
import { anEvent, testNames } from './test-log.ts';

async function run(log: PostgresLog, task: ChildTask): Promise<unknown> {
  if (task.what === 'write') return write(log, task.callers, task.each);
  if (task.what === 'commands') return executeCommands(log, task.streams, task.each);
  const { boundary, racers, rounds } = task;
  return race([log], racers, rounds, (round) => raceRequest(boundary, `${boundary}-${round}`), together);
}

async function write(log: PostgresLog, callers: number, each: number): Promise<number> {
  let stored = 0;
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let n = 0; n < each; n++) {
        const outcome = await log.append({ events: [anEvent({ stream: `${process.pid}-${caller}` })] });
        if (outcome.outcome === 'stored') stored++;
      }
    }),
  );
  return stored;
}

async function executeCommands(log: PostgresLog, streams: number, each: number): Promise<number> {
  const handler = new CommandHandler(log, new EventRegistry('shop', [CartItemAdded]));
  let answered = 0;
  await Promise.all(
    Array.from({ length: streams }, async (_, stream) => {
      for (let n = 0; n < each; n++) {
        await handler.execute(addToCart, { cart: `cart-${stream}`, by: 1 });
        answered++;
      }
    }),
  );
  await handler.close();
  return answered;
}

/** Waits until all processes have come this far. */
async function together(): Promise<void> {
  const go = once(process, 'message');
  process.send?.('ready');
  await go;
}

const { url, task } = readChildJob(process.argv[2]);
const log = openPostgresLog({ url, name: 'shop', names: testNames });
await log.head();
await together();
const answer = await run(log, task).then(
  (result) => ({ result }),
  (error: unknown) => ({ error: String(error) }),
);
await log.close();
process.send?.(answer, () => process.disconnect());
