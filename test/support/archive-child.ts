import process from 'node:process';
import pg from 'pg';
import { ArchiveJob } from '../../src/archive/archive-job.ts';
import { endingTypes } from '../../src/system.ts';
import { makeExample } from './example-system.ts';

/** Archives the example's events, and dies by SIGKILL when it comes to a step for the n-th time. */
const [eventStoreUrl, readModelsUrl, folder = '', step, times = '1'] = process.argv.slice(2);
const { system } = makeExample();
let left = Number(times);
await new ArchiveJob({
  eventStore: new pg.Pool({ connectionString: eventStoreUrl, max: 2 }),
  readModels: new pg.Pool({ connectionString: readModelsUrl, max: 2 }),
  log: system.name,
  names: system.tables,
  endingTypes: endingTypes(system),
  projections: system.projections.map(({ id }) => id),
  instance: 'child',
  folder,
  afterMs: 0,
  restsFor: 0,
  batchEvents: 4,
  onStep: (reached) => {
    if (reached === step && --left === 0) process.kill(process.pid, 'SIGKILL');
  },
}).runNow();
process.exit(3); // it came through, which is not what was asked for
