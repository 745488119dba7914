import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { defineSystem, type SystemDefinition } from '../../src/index.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { archiveRig, delivered } from '../support/archive-rig.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';

/** The example as a later version of it: whether a parcel is heavy stands in the row, made by the database. */
async function nextVersion(
  databases: ExampleDatabases,
  change: (sql: string) => string = (sql) =>
    sql
      .replace(
        /(version +bigint not null,\n +position +bigint not null)/,
        '$1,\n  is_heavy boolean generated always as (weight > 500) stored',
      )
      .replace('select parcel_id, depot, weight from', 'select parcel_id, depot, weight, is_heavy from'),
): Promise<SystemDefinition> {
  const { projection, system } = databases.example;
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-schema-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'schema.sql');
  await writeFile(file, change(readFileSync(projection.schema, 'utf8')));
  return { ...defineSystem(system), projections: [{ ...projection, schema: pathToFileURL(file) }] };
}

async function filled(): Promise<ExampleDatabases> {
  const databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(
    Array.from({ length: 10 }, (_, n) => journey(`p${n}`, ['north', 'south', 'east'], n * 100)).flat(),
  );
  await reached(databases, 30);
  await system.stop();
  return databases;
}

const generation = async (databases: ExampleDatabases): Promise<number | undefined> =>
  (
    await databases.read<{ generation: number }>(
      `select generation from projection_builds where projection_id = 'parcels' and state = 'live'`,
    )
  )[0]?.generation;

it('refuses to start on read models of another version, and says what to do', async () => {
  await using databases = await filled();
  const start = startSystem(await nextVersion(databases), databases);
  await expect(start).rejects.toMatchObject({ code: 'READ_MODELS_OUTDATED' });
  await expect(start).rejects.toThrow(/parcels .*run `millrace migrate`/);
});

it('a migration makes them anew from the log, before anything starts, and says so', async () => {
  await using databases = await filled();
  const next = await nextVersion(databases);
  const renewed: string[] = [];
  const before = await databases.log.read({ after: 0, limit: 100 });
  await migrateSystem(next, databases, { onRenewing: (projection) => renewed.push(projection) });
  expect(renewed).toEqual(['parcels']);
  expect(await databases.read('select count(*)::int as heavy from heavy_parcels where is_heavy')).toEqual([
    { heavy: 4 },
  ]);
  expect(await databases.log.read({ after: 0, limit: 100 })).toEqual(before);
  const system = await startSystem(next, databases);
  databases.onEnd(() => system.stop());
  await databases.append(journey('late', ['north', 'south'], 900));
  await reached(databases, 32);
  expect(await databases.read('select count(*)::int as heavy from heavy_parcels')).toEqual([{ heavy: 5 }]);
  const [operation] = await system.operations.list({ kinds: ['rebuild'], limit: 1 });
  expect(operation).toMatchObject({
    state: 'done',
    actor: 'migration',
    reason: 'its tables were made by another version',
  });
  expect(await system.deadLetters.list()).toEqual([]);
  // Nobody could keep the old tables up to date.
  expect(
    await databases.read(`select 1 from projection_builds where state = 'old' and drop_after > clock_timestamp()`),
  ).toEqual([]);
});

it('a migration of the same version makes nothing anew, whatever its comments and spaces', async () => {
  await using databases = await filled();
  const next = await nextVersion(
    databases,
    (sql) => `-- Said in another way.\n${sql.replaceAll('\n  ', '\n\n      ')}`,
  );
  await migrateSystem(next, databases, { onRenewing: () => expect.fail('made anew') });
  expect(await generation(databases)).toBe(1);
});

it('read models from before shapes were noted stay when the same code made them, and are made anew otherwise', async () => {
  await using databases = await filled();
  const forget = `update projection_builds set shape = null where projection_id = 'parcels'`;
  await databases.read(forget);
  await migrateSystem(databases.example.system, databases);
  expect(await generation(databases)).toBe(1);
  await databases.read(forget);
  await databases.read(`update projection_builds set fingerprint = 'several' where projection_id = 'parcels'`);
  const hash = await readModelHash(databases);
  await migrateSystem(databases.example.system, databases);
  expect(await generation(databases)).toBe(2);
  expect(await readModelHash(databases)).toBe(hash);
});

it('two migrations at once make them anew once, and one that died is gone on with', async () => {
  await using databases = await filled();
  const next = await nextVersion(databases);
  await Promise.all([migrateSystem(next, databases), migrateSystem(next, databases)]);
  expect(await generation(databases)).toBe(2);
  // As a process leaves it that was killed in the middle.
  await databases.read(
    `insert into projection_operations
       (kind, projection_id, input, actor, reason, state, lane, runner, token, runner_until, started_at)
     values ('rebuild', 'parcels', '{"acceptDifferences":true}', 'migration', 'its tables were made by another version',
       'running', 'rebuild', 'elsewhere/1/gone', 1, clock_timestamp() - interval '1 second', clock_timestamp())`,
  );
  await migrateSystem(databases.example.system, databases);
  expect(await generation(databases)).toBe(3);
  expect(await databases.read(`select state, token::int from projection_operations order by id`)).toEqual([
    { state: 'done', token: 1 },
    { state: 'done', token: 2 },
  ]);
});

it('a migration makes them anew from log and archive', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  const archive = { folder: rig.folder.path };
  const system = await databases.start({ archive });
  await databases.append([...delivered('a'), ...delivered('b'), ...journey('c', ['north', 'south'])]);
  await rig.settle(8);
  expect(await rig.run()).toMatchObject({ events: 4 });
  const parcels = 'select parcel_id, depot, weight, moves, arrived, trail, version, position from parcels order by 1';
  const before = await databases.read(parcels);
  await system.stop();
  const next = await nextVersion(databases);
  await expect(migrateSystem(next, databases)).rejects.toMatchObject({ code: 'REBUILD_FAILED' });
  await migrateSystem(next, databases, { archive });
  expect(await generation(databases)).toBe(2);
  expect(before).toHaveLength(3);
  expect(await databases.read(parcels)).toEqual(before);
});

it('what a version that is gone has left to do with the builds does not hold up the next one', async () => {
  await using databases = await filled();
  await databases.read(`select request_operation('rebuild', 'parcels', '{}', 'anna', 'a row was changed')`);
  await databases.read(
    `update projection_operations set state = 'running', lane = 'rebuild', runner = 'elsewhere/1/gone', token = 1,
       runner_until = clock_timestamp() - interval '1 second'`,
  );
  await migrateSystem(await nextVersion(databases), databases);
  expect(await generation(databases)).toBe(2);
  expect(await databases.read('select state from projection_operations order by id')).toEqual([
    { state: 'abandoned' },
    { state: 'done' },
  ]);
});

it('a migration leaves alone what somebody else does to the builds, and says so', async () => {
  await using databases = await filled();
  await databases.read(`select request_operation('rebuild', 'parcels', '{}', 'anna', 'a row was changed')`);
  const next = await nextVersion(databases);
  await expect(migrateSystem(next, databases)).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  expect(await generation(databases)).toBe(1);
});

it('a process of before, which still runs, writes nothing into tables of the version that follows', async () => {
  await using databases = await filled();
  const failures: string[] = [];
  const error = (message: string) => void failures.push(message);
  const before = await databases.start({ logger: { info: () => undefined, warn: error, error } });
  const next = await nextVersion(databases);
  await migrateSystem(next, databases);
  const renewed = await readModelHash(databases);
  await databases.append(journey('late', ['north', 'south'], 900));
  await eventually('it says why', () => failures.some((message) => message.includes('another version')));
  expect(await readModelHash(databases)).toBe(renewed);
  expect(await databases.read(`select position::int from projection_builds where state = 'live'`)).toEqual([
    { position: 30 },
  ]);
  await before.stop();
  const system = await startSystem(next, databases);
  databases.onEnd(() => system.stop());
  await reached(databases, 32);
});
