import { expect, it } from 'vitest';
import type { ConservationReport } from '../../src/process-activity.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { eventually, exampleDatabases, reached } from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';

const reportOf = (system: RunningSystem, projection = 'parcels'): ConservationReport | undefined =>
  system.activity?.().conservation.find((report) => report.projection === projection);

const quick = { conservationInterval: 50 };

/** As many rounds more have begun and ended. */
async function rounds(system: RunningSystem, more = 2): Promise<void> {
  const from = reportOf(system)?.rounds ?? 0;
  await eventually(`${more} rounds`, () => (reportOf(system)?.rounds ?? 0) >= from + more);
}

const parcels = (count: number): Step[] =>
  Array.from({ length: count }, (_, n) => journey(String(n), ['north'])).flat();
const moved = (parcel: string, depot: string): Step => ({ parcel, what: 'moved', depot });

it('S142: log and read model that agree have no gap; a deleted row is as many lost events as it was made of', async () => {
  await using databases = await exampleDatabases({ extra: true });
  const system = await databases.start(quick);
  await databases.append(parcels(30));
  await databases.append([moved('7', 'south'), moved('7', 'west')]);
  await reached(databases, 32);
  await reached(databases, 32, 'second-look');
  await rounds(system);
  expect(reportOf(system)).toMatchObject({ gap: 0 });
  expect(reportOf(system)?.compared).toBeGreaterThanOrEqual(32);
  expect(reportOf(system, 'second-look')).toMatchObject({ gap: 0 });

  await databases.read(`delete from parcels_g1.parcels where parcel_id = 'parcel-7'`);
  await eventually('the loss is seen', () => reportOf(system)?.gap === 3);
  await databases.read(`delete from parcels_g1.parcels where parcel_id = 'parcel-9'`);
  await eventually('both are', () => reportOf(system)?.gap === 4);
  expect(reportOf(system, 'second-look')?.gap).toBe(0);

  await system.projections.rebuild('parcels', undefined, { acceptDifferences: true, reason: 'rows were lost' });
  await eventually('the rebuild has mended it', () => reportOf(system)?.gap === 0);
  await rounds(system);
  expect(reportOf(system)?.gap).toBe(0);
});

it('a row that went back, or has another content than its events make, is a gap; what is parked is none', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = (event) => event.stream === 'parcel-1' && event.type === 'ParcelMoved';
  const system = await databases.start(quick);
  await databases.append([...parcels(5), moved('1', 'south')]);
  await databases.append([moved('2', 'south')]);
  await reached(databases, 7);
  await eventually('one is parked', async () => (await system.deadLetters.count()) === 1);
  await rounds(system);
  expect(reportOf(system)?.gap).toBe(0);

  await databases.read(`update parcels_g1.parcels set weight = 99 where parcel_id = 'parcel-3'`);
  await eventually('the other content is seen', () => reportOf(system)?.gap === 1);
  await databases.read(`update parcels_g1.parcels set depot = 'north', position = 3 where parcel_id = 'parcel-2'`);
  await eventually('the older row is', () => reportOf(system)?.gap === 2);
  await databases.read(`update parcels_g1.parcels set weight = 100 where parcel_id = 'parcel-3'`);
  await eventually('what was put right is', () => reportOf(system)?.gap === 1);
});

it('a round ends although events keep coming, so that the oldest streams are compared again', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start(quick);
  await databases.append(parcels(5));
  await reached(databases, 5);
  let coming = true;
  const load = (async () => {
    for (let n = 100; coming; n++) {
      const [event] = await databases.append(journey(String(n), ['north']));
      await reached(databases, event?.position ?? 0);
    }
  })();
  try {
    await eventually('the first look', () => reportOf(system) !== undefined);
    await databases.read(`delete from parcels_g1.parcels where parcel_id = 'parcel-0'`);
    await eventually('the loss is seen', () => reportOf(system)?.gap === 1);
  } finally {
    coming = false;
    await load;
  }
});

it('is told by the process that consumes, and by no other', async () => {
  await using databases = await exampleDatabases();
  const [first, api] = [await databases.start(quick), await databases.start({ roles: ['api'] })];
  await databases.append(parcels(1));
  await eventually('the first tells', () => reportOf(first) !== undefined);
  const second = await databases.start({ ...quick, roles: ['projector'] });
  expect(reportOf(api)).toBeUndefined();
  expect(reportOf(second)).toBeUndefined();
  await first.stop();
  await eventually('the second tells', () => reportOf(second)?.gap === 0);
});
