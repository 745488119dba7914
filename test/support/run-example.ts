import { startSystem } from '../../src/start-system.ts';
import { makeExample } from './example-system.ts';

/** Runs the example on the two databases of its arguments until it is killed. */
const [eventStoreUrl, readModelsUrl] = process.argv.slice(2);
if (eventStoreUrl === undefined || readModelsUrl === undefined) throw new Error('Which databases?');
const system = await startSystem(makeExample().system, { eventStoreUrl, readModelsUrl });
process.stdout.write('started\n');
process.stdin.on('end', () => void system.stop()).resume();
