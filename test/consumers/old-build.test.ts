import { expect, it } from 'vitest';
import type { StoredEvent } from '../../src/index.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';

async function rebuilt(
  options: Parameters<ExampleDatabases['start']>[0] = {},
): Promise<{ databases: ExampleDatabases; system: RunningSystem }> {
  const databases = await exampleDatabases();
  const system = await databases.start(options);
  await databases.append(journey('a', ['north', 'south', 'east']));
  await reached(databases, 3);
  await system.projections.rebuild('parcels');
  return { databases, system };
}

/** Waits until the old build has everything up to there. */
const oldReached = (system: RunningSystem, position: number) =>
  eventually(`the old build at ${position}`, async () => {
    return (await system.projections.builds('parcels')).old?.position === position;
  });

it('the old build is kept up to date after the swap, and going back has everything at once', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  await databases.append([...journey('b', ['north']), ...journey('c', ['west', 'south'])]);
  await oldReached(system, 6);
  const live = await readModelHash(databases);
  expect(await readModelHash(databases, 'parcels_g1')).toBe(live);
  const now = await system.projections.act('parcels', 'go-back', { actor: 'anna', reason: 'readers complain' });
  expect(now).toMatchObject({ generation: 1, position: 6, old: { generation: 2, problem: null } });
  expect(await readModelHash(databases)).toBe(live);
  // What was live is the old one now: kept up to date, and a way back as well.
  await databases.append(journey('d', ['north']));
  await reached(databases, 7);
  await oldReached(system, 7);
  expect(await readModelHash(databases)).toBe(await readModelHash(databases, 'parcels_g2'));
  expect(await system.projections.act('parcels', 'go-back')).toMatchObject({ generation: 2, position: 7 });
});

it('going back does not wait for the old build to be fed: it brings it up to date itself', async () => {
  const { databases, system } = await rebuilt({ roles: ['api', 'relay', 'projector'] });
  await using _ = databases;
  // Somebody who died in the middle of feeding it.
  await databases.read(
    `update leases set holder = 'another-host/1/x', token = token + 1, lease_until = clock_timestamp() + interval '1 hour' where name = 'old-build:parcels'`,
  );
  await databases.append(Array.from({ length: 40 }, (_, index) => journey(`b${index}`, ['north', 'south'])).flat());
  await reached(databases, 83);
  const live = await readModelHash(databases);
  expect(await system.projections.act('parcels', 'go-back')).toMatchObject({ generation: 1, position: 83 });
  expect(await readModelHash(databases)).toBe(live);
});

it('an event that the old build cannot take is parked there alone, and comes to light when somebody goes back', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  // The live consumer has noticed the swap by then, and so comes first; the old build comes second, and meets poison.
  await databases.append(journey('x', ['north']));
  await reached(databases, 4);
  await oldReached(system, 4);
  const seen = new Map<number, number>();
  databases.example.trouble.throwFor = (event: StoredEvent) => {
    const times = (seen.get(event.position) ?? 0) + 1;
    seen.set(event.position, times);
    return event.position === 5 && times > 1;
  };
  await databases.append(journey('b', ['north', 'south']));
  await reached(databases, 6);
  await oldReached(system, 6);
  for (const open of [true, false]) expect(await system.deadLetters.list({ open })).toEqual([]);
  expect((await system.projections.get('parcels')).healthy).toBe(true);
  await system.projections.act('parcels', 'go-back');
  expect((await system.deadLetters.list()).map((letter) => `${letter.position} ${letter.status}`)).toEqual([
    '5 failed',
    '6 waiting',
  ]);
  databases.example.trouble.throwFor = () => false;
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'anna');
  expect(await readModelHash(databases)).toBe(await readModelHash(databases, 'parcels_g2'));
});

it('an old build that cannot be fed stops nobody, says why, and is no way back', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  await databases.read('alter table parcels_g1.labels drop column delivered');
  await databases.append(journey('b', ['north', 'south']));
  await reached(databases, 5);
  await eventually('it says why', async () => {
    const { old } = await system.projections.builds('parcels');
    return old?.problem?.includes('42703') === true;
  });
  expect((await system.projections.get('parcels')).healthy).toBe(true);
  await expect(system.projections.act('parcels', 'go-back')).rejects.toMatchObject({ code: 'OLD_BUILD_BEHIND' });
  expect(await system.projections.builds('parcels')).toMatchObject({ generation: 2, position: 5 });
  expect(await system.projections.act('parcels', 'drop-old')).toMatchObject({ old: null });
  expect(await databases.read(`select 1 from pg_namespace where nspname = 'parcels_g1'`)).toEqual([]);
});

it('a consumer that has not noticed a swap can move neither build', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  await system.stop();
  const advance = (generation: number, epoch: number) =>
    databases.read(`select advance_checkpoint('parcels', $1, $2, 3, 4, gen_random_uuid(), gen_random_uuid())`, [
      generation,
      epoch,
    ]);
  // Before the swap the live build was the first one, in epoch 0; the new one was made in epoch 0 as well.
  for (const generation of [1, 2]) await expect(advance(generation, 0)).rejects.toMatchObject({ code: 'MR011' });
  await advance(1, 1);
});

it('the old build is dropped when its time is over, and that is on record', async () => {
  const { databases, system } = await rebuilt({ keepOldBuildMs: 50 });
  await using _ = databases;
  const drops = () => system.operations.list({ kinds: ['rebuild-drop-old'], open: false });
  await eventually('it is dropped', async () => (await drops()).length > 0);
  expect(await databases.read(`select 1 from pg_namespace where nspname = 'parcels_g1'`)).toEqual([]);
  expect(await drops()).toMatchObject([{ state: 'done', actor: 'system', reason: 'its time is over' }]);
  await expect(system.projections.act('parcels', 'go-back')).rejects.toMatchObject({ code: 'OLD_BUILD_MISSING' });
});

it('the next rebuild drops the old build and keeps the one before it', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  await system.projections.rebuild('parcels');
  expect(await system.projections.builds('parcels')).toMatchObject({ generation: 3, old: { generation: 2 } });
  expect(await databases.read(`select 1 from pg_namespace where nspname = 'parcels_g1'`)).toEqual([]);
});

it('going back is done once, although the process died before it could say so', async () => {
  const { databases, system } = await rebuilt();
  await using _ = databases;
  await system.projections.act('parcels', 'go-back');
  const [operation] = await system.operations.list({ kinds: ['rebuild-go-back'] });
  await databases.read(
    `update projection_operations set state = 'running', finished_at = null, runner = 'gone/1/x', runner_until = '-infinity' where id = $1`,
    [operation?.id],
  );
  await eventually('it is over again', async () => (await system.operations.get(operation?.id ?? 0)).state === 'done');
  expect((await system.projections.builds('parcels')).generation).toBe(1);
});
