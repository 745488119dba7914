import { expect, it } from 'vitest';
import type { RunningSystem } from '../../src/running-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { changedSystem } from '../support/changed-example.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';

const tenParcels = Array.from({ length: 10 }, (_, index) => journey(`p${index}`, ['north', 'south', 'east'])).flat();

async function filled(): Promise<{ databases: ExampleDatabases; system: RunningSystem }> {
  const databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(tenParcels);
  await reached(databases, 30);
  return { databases, system };
}

/** The same databases under the next version of the code. */
async function withChangedCode(databases: ExampleDatabases, before: RunningSystem): Promise<RunningSystem> {
  await before.stop();
  const system = await startSystem(changedSystem(databases.example), databases);
  databases.onEnd(() => system.stop());
  return system;
}

const stateOf = async (system: RunningSystem) => (await system.projections.rebuildProgress('parcels'))?.state;

it('a difference with the same code blocks the swap, and names the table and the row', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  await databases.read(`update parcels_g1.parcels set moves = 77 where parcel_id = 'parcel-p3'`);
  const before = await readModelHash(databases);
  const rebuild = system.projections.rebuild('parcels');
  await expect(rebuild).rejects.toMatchObject({ code: 'REBUILD_DIFFERS' });
  await expect(rebuild).rejects.toThrow(/parcels: rows differ .*parcel-p3/);
  expect(await system.projections.rebuildProgress('parcels')).toMatchObject({
    state: 'failed',
    differences: [{ table: 'parcels', liveRows: 10, newRows: 10, differingRows: 1, keys: ['parcel-p3'] }],
  });
  expect(await readModelHash(databases)).toBe(before);
  expect((await system.projections.get('parcels')).generation).toBe(1);
  expect(await databases.read(`select 1 from projection_builds where state <> 'live'`)).toEqual([]);
});

it('a missing row and a row too many are counted', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  await databases.read(`delete from parcels_g1.labels where label in ('L-p1', 'L-p2')`);
  await databases.read(`insert into parcels_g1.depots values ('nowhere', 0, 0, 1, 1)`);
  await expect(system.projections.rebuild('parcels')).rejects.toMatchObject({ code: 'REBUILD_DIFFERS' });
  const progress = await system.projections.rebuildProgress('parcels');
  expect(progress?.differences).toMatchObject([
    { table: 'depots', differingRows: 1, keys: ['nowhere'] },
    { table: 'labels', liveRows: 8, newRows: 10, differingRows: 2, keys: ['L-p1', 'L-p2'] },
  ]);
});

it('a live read model that was changed by hand is mended when somebody accepts the differences, with a reason', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  const sound = await readModelHash(databases);
  await databases.read(`update parcels_g1.parcels set moves = 77 where parcel_id = 'parcel-p3'`);
  await expect(system.projections.rebuild('parcels', undefined, { acceptDifferences: true })).rejects.toMatchObject({
    code: 'REASON_REQUIRED',
  });
  const request = { acceptDifferences: true, actor: 'anna', reason: 'row changed by hand' };
  const done = await system.projections.rebuild('parcels', undefined, request);
  expect(done).toMatchObject({ state: 'done', differences: [{ table: 'parcels', keys: ['parcel-p3'] }] });
  expect(await readModelHash(databases)).toBe(sound);
  const [operation] = await system.operations.list({ kinds: ['rebuild'], limit: 1 });
  expect(operation).toMatchObject({ actor: 'anna', reason: 'row changed by hand', input: { acceptDifferences: true } });
});

it('changed code that makes another read model waits for a confirmation, follows meanwhile, and swaps on it', async () => {
  const { databases, system: before } = await filled();
  await using _ = databases;
  const system = await withChangedCode(databases, before);
  const rebuild = system.projections.rebuild('parcels');
  await eventually('it waits', async () => (await stateOf(system)) === 'waiting');
  expect(await databases.read('select sum(moves)::int as moves from parcels')).toEqual([{ moves: 20 }]);
  expect((await system.projections.rebuildProgress('parcels'))?.differences).toMatchObject([
    { table: 'parcels', problem: 'rows differ', differingRows: 10 },
  ]);
  await databases.append(journey('late', ['north', 'south']));
  await reached(databases, 32);
  await system.projections.act('parcels', 'confirm', { actor: 'anna', reason: 'moves count twice now' });
  expect(await rebuild).toMatchObject({ state: 'done', position: 32 });
  expect(await databases.read('select sum(moves)::int as moves from parcels')).toEqual([{ moves: 42 }]);
});

it('changed code whose difference is not wanted is abandoned, and nothing of it stays', async () => {
  const { databases, system: before } = await filled();
  await using _ = databases;
  const live = await readModelHash(databases);
  const system = await withChangedCode(databases, before);
  const rebuild = system.projections.rebuild('parcels');
  rebuild.catch(() => undefined);
  await eventually('it waits', async () => (await stateOf(system)) === 'waiting');
  await system.projections.act('parcels', 'abandon');
  await expect(rebuild).rejects.toMatchObject({ code: 'OPERATION_ABANDONED' });
  expect(await readModelHash(databases)).toBe(live);
  expect(await databases.read(`select 1 from pg_namespace where nspname = 'parcels_g2'`)).toEqual([]);
  expect((await system.projections.get('parcels')).state).toBe('live');
});

it('a live read model that several codes have written waits for a confirmation, although the code is its first', async () => {
  const { databases, system: first } = await filled();
  await using _ = databases;
  const changed = await withChangedCode(databases, first);
  await databases.append(journey('by-other-code', ['north', 'south']));
  await reached(databases, 32);
  await changed.stop();
  const system = await databases.start();
  const rebuild = system.projections.rebuild('parcels');
  await eventually('it waits', async () => (await stateOf(system)) === 'waiting');
  expect((await system.projections.rebuildProgress('parcels'))?.differences).toMatchObject([
    { keys: ['parcel-by-other-code'] },
  ]);
  await system.projections.act('parcels', 'confirm');
  expect((await rebuild).state).toBe('done');
});

it('changed code that makes the same read model is swapped in without a question', async () => {
  const { databases, system: before } = await filled();
  await using _ = databases;
  await databases.read(`update projection_builds set fingerprint = 'of other code'`);
  await before.stop();
  const system = await databases.start();
  expect(await system.projections.rebuild('parcels')).toMatchObject({ state: 'done', differences: [] });
});
