import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backUp } from '../../src/backup/backup.ts';
import { readManifest, type BackupManifest } from '../../src/backup/manifest.ts';
import { restore, type Restored } from '../../src/backup/restore.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';
import { aKey, readAll } from '../support/test-log.ts';

/** A folder that goes with the test. */
async function folderOf(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-backup-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'backup');
}

function backUpFrom(databases: ExampleDatabases, folder: string): Promise<BackupManifest> {
  return backUp({ ...databases, system: databases.example.system, folder, version: '1', pageSize: 7 });
}

function restoreInto(databases: ExampleDatabases, folder: string): Promise<Restored> {
  const { system } = databases.example;
  return restore({ ...databases, system, folder, prepare: () => migrateSystem(system, databases) });
}

/** A backup of three parcels, made while nothing runs. */
async function smallBackup(databases: ExampleDatabases): Promise<string> {
  const system = await databases.start();
  for (const parcel of ['a', 'b', 'c']) await databases.append(journey(parcel, ['north', 'south']));
  await reached(databases, (await databases.log.head()).position);
  await system.stop();
  const folder = await folderOf();
  await backUpFrom(databases, folder);
  return folder;
}

const isEmpty = async (databases: ExampleDatabases): Promise<boolean> => {
  const tables = await databases.store<{ name: string | null }>(
    `select to_regclass('parcel_events_log')::text as name`,
  );
  if (tables[0]?.name === null) return true;
  const [events] = await databases.store<{ count: number }>('select count(*)::int as count from parcel_events_log');
  const [rows] = await databases.read<{ count: number }>('select count(*)::int as count from parcels');
  return events?.count === 0 && rows?.count === 0;
};

it('S165: a backup that is made under load is restored whole: log, keys, read models at one position, and they go on', async () => {
  await using databases = await exampleDatabases({ extra: true, timers: true });
  const system = await databases.start();
  await databases.append(journey('first', ['north', 'east', 'south']));
  const key = aKey();
  await databases.log.append({ events: [], keys: [key] });
  let goOn = true;
  const load = (async () => {
    for (let n = 0; goOn; n++) await databases.append(journey(`load-${n}`, ['north', 'east', 'west', 'south']));
  })();
  await eventually('events come', async () => (await system.log.head()).position > 60);
  const folder = await folderOf();
  const manifest = await backUpFrom(databases, folder);
  const end = (await system.log.head()).position;
  goOn = false;
  await load;
  expect(manifest.head).toBeGreaterThan(60);
  expect(end).toBeGreaterThanOrEqual(manifest.head);
  expect(manifest.builds.every(({ position }) => position <= manifest.head)).toBe(true);

  await using fresh = await exampleDatabases({ extra: true, timers: true, migrate: false });
  const restored = await restoreInto(fresh, folder);
  expect(restored.builtFromLog).toEqual([]);
  const all = await readAll(databases.log);
  expect(await readAll(fresh.log)).toEqual(all.slice(0, manifest.head));
  expect(await fresh.log.query([{ tags: ['depot:north'] }])).toEqual(
    (await databases.log.query([{ tags: ['depot:north'] }])).filter(({ position }) => position <= manifest.head),
  );
  // A command that was answered before the backup is answered the same after it.
  expect(await fresh.log.append({ events: [], keys: [key] })).toMatchObject({ outcome: 'key-exists' });

  const again = await fresh.start();
  await reached(fresh, manifest.head);
  await fresh.append(journey('after', ['north', 'south']));
  const { position } = await again.log.head();
  await reached(fresh, position);
  await reached(fresh, position, 'second-look');
  // What was restored and continued is what the log makes from nothing.
  const continued = await readModelHash(fresh);
  await again.projections.rebuild('parcels');
  await eventually('the rebuild is swapped in', async () => {
    const [build] = await fresh.read<{ generation: number }>(
      `select generation from projection_builds where projection_id = 'parcels' and state = 'live'`,
    );
    return (build?.generation ?? 0) > 1;
  });
  expect(await readModelHash(fresh)).toBe(continued);
  await eventually('all is well', async () => (await again.health()).status === 'healthy');
});

it('a build keeps its number, and what is parked in it stays parked', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'south']));
  await reached(databases, 2);
  await system.projections.rebuild('parcels');
  databases.example.trouble.throwFor = (event) => event.stream === 'parcel-b';
  await databases.append(journey('b', ['north', 'south']));
  await eventually('b is parked', async () => (await system.deadLetters.count()) > 0);
  await reached(databases, (await system.log.head()).position);
  await system.stop();
  const folder = await folderOf();
  const manifest = await backUpFrom(databases, folder);
  expect(manifest.builds).toMatchObject([{ projection: 'parcels', generation: 2 }]);

  await using fresh = await exampleDatabases({ migrate: false });
  await restoreInto(fresh, folder);
  expect(await readModelHash(fresh)).toBe(await readModelHash(databases));
  const again = await fresh.start();
  expect(await again.deadLetters.count()).toBe(
    await databases.read('select from dead_letters').then((rows) => rows.length),
  );
  // Ids go on behind those that were restored.
  fresh.example.trouble.throwFor = (event) => event.stream === 'parcel-c';
  await fresh.append(journey('c', ['north', 'south']));
  await eventually(
    'c is parked',
    async () => (await fresh.read(`select from dead_letters where ordering_key = 'parcel-c'`)).length > 0,
  );
});

it('a projection with other tables than in the backup is built from the log', async () => {
  await using databases = await exampleDatabases();
  const folder = await smallBackup(databases);
  const file = path.join(folder, 'manifest.json');
  const manifest = await readManifest(folder);
  const tables = manifest.tables.filter(({ name }) => name !== 'labels');
  await writeFile(file, JSON.stringify({ ...manifest, tables }));
  await using fresh = await exampleDatabases({ migrate: false });
  expect(await restoreInto(fresh, folder)).toMatchObject({ builtFromLog: ['parcels'] });
  await fresh.start();
  await reached(fresh, manifest.head);
  expect(await readModelHash(fresh)).toBe(await readModelHash(databases));
});

it('a projection whose tables mean something else now is made anew, and lets go what was parked in it', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'south']));
  databases.example.trouble.throwFor = (event) => event.stream === 'parcel-b';
  await databases.append(journey('b', ['north', 'south']));
  await eventually('b is parked', async () => (await system.deadLetters.count()) > 0);
  const { position } = await system.log.head();
  await reached(databases, position);
  await system.stop();
  const folder = await folderOf();
  const manifest = await backUpFrom(databases, folder);
  const builds = manifest.builds.map((build) => ({ ...build, shape: 'another' }));
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify({ ...manifest, builds }));
  await using fresh = await exampleDatabases({ migrate: false });
  expect(await restoreInto(fresh, folder)).toMatchObject({ builtFromLog: ['parcels'] });
  const again = await fresh.start();
  await reached(fresh, position);
  expect(await readModelHash(fresh)).not.toBe(await readModelHash(databases));
  expect(await fresh.read(`select from parcels where parcel_id = 'parcel-b'`)).toHaveLength(1);
  expect(await again.deadLetters.count()).toBe(0);
});

it('a damaged backup is refused with the name of the file, and nothing is touched', async () => {
  await using databases = await exampleDatabases();
  const folder = await smallBackup(databases);
  await using fresh = await exampleDatabases({ migrate: false });
  const { tables } = await readManifest(folder);
  const largest = tables.toSorted((a, b) => b.rows - a.rows)[0]?.file ?? '';
  const whole = await readFile(path.join(folder, largest));
  await appendFile(path.join(folder, largest), 'x');
  await expect(restoreInto(fresh, folder)).rejects.toThrow(`${largest} of the backup`);
  await rm(path.join(folder, largest));
  await expect(restoreInto(fresh, folder)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await writeFile(path.join(folder, largest), whole);
  const manifest = path.join(folder, 'manifest.json');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace('"format": 1', '"format": 2'));
  await expect(restoreInto(fresh, folder)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await writeFile(manifest, text.slice(0, -20));
  await expect(restoreInto(fresh, folder)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(await fresh.store(`select 1 from pg_tables where schemaname = 'public'`)).toEqual([]);
});

it('a table that is not what the backup says is refused, and neither database holds a part of it', async () => {
  await using databases = await exampleDatabases();
  const folder = await smallBackup(databases);
  const manifest = await readManifest(folder);
  await using fresh = await exampleDatabases({ migrate: false });
  for (const name of ['event_tags', 'parcels']) {
    const tables = manifest.tables.map((table) => (table.name === name ? { ...table, hash: '1' } : table));
    await writeFile(path.join(folder, 'manifest.json'), JSON.stringify({ ...manifest, tables }));
    const refused = expect(restoreInto(fresh, folder)).rejects;
    await refused.toThrow(new RegExp(`${name} has`));
    if (name === 'event_tags') expect(await isEmpty(fresh)).toBe(true);
  }
  // The log came back whole before the read models were refused; they are built from it.
  const [rows] = await fresh.read<{ count: number }>('select count(*)::int as count from parcels');
  expect(rows?.count).toBe(0);
});

it('goes into an empty folder, into empty databases and into the system that it is of', async () => {
  await using databases = await exampleDatabases();
  const folder = await smallBackup(databases);
  await expect(backUpFrom(databases, folder)).rejects.toMatchObject({ code: 'BACKUP_FOLDER_IN_USE' });
  await expect(restoreInto(databases, folder)).rejects.toMatchObject({ code: 'RESTORE_NOT_EMPTY' });
  await using fresh = await exampleDatabases({ migrate: false });
  await expect(backUpFrom(fresh, await folderOf())).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
  const system = { ...fresh.example.system, name: 'letters' };
  const prepare = () => migrateSystem(system, fresh);
  await expect(restore({ ...fresh, system, folder, prepare })).rejects.toMatchObject({ code: 'RESTORE_OTHER_SYSTEM' });
  expect(await isEmpty(fresh)).toBe(true);
});
