import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import type { StoredEvent } from '../../src/index.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RebuildProgress } from '../../src/running-system.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  readModelText,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';
import { backUp, replaceDatabase, runOnServer, truncateReadModels } from '../support/restore.ts';

const parcels = (from: number, count: number): Step[] =>
  Array.from({ length: count }, (_, index) =>
    journey(`p${from + index}`, ['north', 'south', 'east'], 5 + ((from + index) % 20)),
  ).flat();

async function schemas(databases: ExampleDatabases): Promise<string[]> {
  const found = await databases.read<{ name: string }>(
    `select nspname as name from pg_namespace where nspname like 'parcels\\_g%' order by 1`,
  );
  return found.map((row) => row.name);
}

it('S112, S136, S138, S175, S247: gives the same read model as the live one at the same position, while writes go on', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append([
    ...parcels(0, 160),
    ...Array.from({ length: 50 }, (_, index): Step => ({ parcel: `p${index}`, what: 'delivered' })),
  ]);
  const writing = new AbortController();
  let next = 200;
  let last = 0;
  const writer = (async () => {
    while (!writing.signal.aborted) last = (await databases.append(parcels(next++, 3))).at(-1)?.position ?? 0;
  })();
  const states: RebuildProgress['state'][] = [];
  const done = await system.projections.rebuild('parcels', (progress) => states.push(progress.state));
  writing.abort();
  await writer;
  await reached(databases, last);
  expect(done).toMatchObject({ state: 'done', projection: 'parcels', secondsLeft: 0, error: null });
  expect(states).toContain('running');
  expect(done.position).toBeLessThanOrEqual(last);
  const live = await readModelText(databases);
  const again = await system.projections.rebuild('parcels');
  expect(again.position).toBe(last);
  expect(await readModelText(databases)).toEqual(live);
  expect(await schemas(databases)).toEqual(['parcels_g2', 'parcels_g3']);
  expect((await system.projections.get('parcels')).generation).toBe(3);
});

it('readers always see a complete read model: never an error, never a part of it', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 160));
  await reached(databases, 480);
  const pool = new pg.Pool({ connectionString: databases.readModelsUrl, max: 4 });
  const reading = new AbortController();
  let reads = 0;
  const readers = Array.from({ length: 4 }, async (_, reader) => {
    while (!reading.signal.aborted) {
      // A named statement keeps its plan over the swap.
      const query = reader % 2 === 0 ? { name: 'counts', text: counts } : counts;
      const result = await pool.query<{ rows: string; parcels: string; labels: string }>(query);
      expect(result.rows[0]).toEqual({ rows: '160', parcels: '160', labels: '160' });
      reads++;
    }
  });
  for (let round = 0; round < 4; round++) await system.projections.rebuild('parcels');
  reading.abort();
  await Promise.all(readers);
  await pool.end();
  expect(reads).toBeGreaterThan(20);
});

const bad = (event: StoredEvent): boolean => event.stream === 'parcel-p3' && event.version === 2;

const counts = `select (select count(*) from parcels) as rows, (select sum(parcels) from depots) as parcels, (select count(*) from labels) as labels`;

it('keeps what stands on the exposed views: grants and views of others', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 2));
  await reached(databases, 6);
  await databases.read('create view of_others as select count(*) as count from public.parcels');
  await databases.read('grant select on public.parcels to public');
  await system.projections.rebuild('parcels');
  expect(await databases.read('select * from of_others')).toEqual([{ count: '2' }]);
  expect(await databases.read(`select has_table_privilege('public', 'public.parcels', 'select') as may`)).toEqual([
    { may: true },
  ]);
});

it('waits for a reader with a long transaction, and the live consumer goes on meanwhile', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 2));
  await reached(databases, 6);
  const reader = new pg.Client({ connectionString: databases.readModelsUrl });
  reader.on('error', () => undefined);
  await reader.connect();
  databases.onEnd(() => reader.end());
  await reader.query('begin');
  await reader.query('select count(*) from parcels');
  const rebuild = system.projections.rebuild('parcels');
  await eventually('the swap waits for the reader', async () => {
    const [row] = await databases.read<{ count: string }>(
      `select count(*) as count from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'millrace rebuild parcels' and datname = current_database()`,
    );
    return Number(row?.count) > 0;
  });
  await databases.append(parcels(10, 1));
  await reached(databases, 9);
  await reader.query('commit');
  await reader.end();
  expect((await rebuild).position).toBe(9);
});

it('refuses a second rebuild of the same projection, in this process and in another', async () => {
  await using databases = await exampleDatabases({ extra: true });
  const [one, two] = [await databases.start(), await databases.start()];
  await databases.append(parcels(0, 100));
  await reached(databases, 300);
  // It is held up, so that it cannot be done before the second one is asked for.
  const lock = new pg.Client({ connectionString: databases.readModelsUrl });
  await lock.connect();
  databases.onEnd(() => lock.end());
  await lock.query('begin');
  await lock.query(`select 1 from projection_builds where projection_id = 'parcels' for update`);
  const first = one.projections.rebuild('parcels');
  await eventually('it is requested', async () => (await two.projections.rebuildProgress('parcels')) !== undefined);
  await expect(one.projections.rebuild('parcels')).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  await expect(two.projections.rebuild('parcels')).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  await expect(two.projections.act('parcels', 'go-back')).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  await lock.query('commit');
  await expect(two.projections.rebuild('second-look')).resolves.toMatchObject({ state: 'done' });
  await expect(one.projections.rebuild('nothing')).rejects.toMatchObject({ code: 'PROJECTION_UNKNOWN' });
  expect((await first).state).toBe('done');
  expect((await two.projections.rebuild('parcels')).state).toBe('done');
  expect(await schemas(databases)).toEqual(['parcels_g2', 'parcels_g3']);
});

it('a rebuild that fails leaves the live read model as it is, and nothing of its own', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 1000));
  await reached(databases, 3000);
  const before = await readModelHash(databases);
  let dropped: Promise<unknown> | undefined;
  databases.example.trouble.seen = () => {
    dropped ??= databases.read('drop schema parcels_g2 cascade');
  };
  await expect(system.projections.rebuild('parcels')).rejects.toMatchObject({ code: 'REBUILD_FAILED' });
  await dropped;
  expect(await system.projections.rebuildProgress('parcels')).toMatchObject({ state: 'failed' });
  expect(await readModelHash(databases)).toBe(before);
  expect(await schemas(databases)).toEqual(['parcels_g1']);
  expect(await databases.read(`select 1 from projection_builds where state <> 'live'`)).toEqual([]);
  expect((await system.projections.get('parcels')).state).toBe('live');
  await databases.append(parcels(1000, 1));
  await reached(databases, 3003);
  databases.example.trouble.seen = () => undefined;
  expect((await system.projections.rebuild('parcels')).state).toBe('done');
});

it('goes on after its connection was cut', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 2000));
  await databases.append(parcels(2000, 2000));
  await reached(databases, 12_000);
  const before = await readModelHash(databases);
  let folds = 0;
  let cuts = 0;
  databases.example.trouble.seen = () => {
    if (++folds % 5000 !== 0) return;
    cuts++;
    void databases.read(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace rebuild parcels' and datname = current_database()`,
    );
  };
  expect(await system.projections.rebuild('parcels')).toMatchObject({ state: 'done', position: 12_000, error: null });
  expect(cuts).toBeGreaterThan(0);
  expect(await readModelHash(databases)).toBe(before);
});

it('a stop holds a rebuild that runs, and the next start goes on with it', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  for (let from = 0; from < 8000; from += 2000) await databases.append(parcels(from, 2000));
  await reached(databases, 24_000);
  const before = await readModelHash(databases);
  let stop: Promise<void> | undefined;
  let folds = 0;
  databases.example.trouble.seen = () => {
    if (++folds > 5000) stop ??= system.stop();
  };
  await expect(system.projections.rebuild('parcels')).rejects.toMatchObject({ code: 'STOPPING' });
  await stop;
  const [left] = await databases.read<{ position: string }>(
    `select position from projection_builds where state = 'building'`,
  );
  expect(Number(left?.position)).toBeGreaterThanOrEqual(4000);
  folds = 0;
  const again = await databases.start();
  const progress = await again.projections.rebuildProgress('parcels');
  await again.operations.wait(progress?.operation ?? 0);
  expect(folds).toBe(24_000 - Number(left?.position));
  expect(await again.projections.rebuildProgress('parcels')).toMatchObject({ state: 'done', position: 24_000 });
  expect(await readModelHash(databases)).toBe(before);
});

it('cleans up what a killed rebuild left, and does not call that a rebuild that runs', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 10));
  await reached(databases, 30);
  await databases.read('create schema parcels_g2');
  await databases.read('create table parcels_g2.parcels (half int)');
  await databases.read(
    `insert into projection_builds (projection_id, generation, state, position) values ('parcels', 2, 'building', 7)`,
  );
  await databases.read(
    `insert into dead_letters (projection_id, generation, ordering_key, position, event_id, event_name, status)
     values ('parcels', 2, 'parcel-p1', 5, gen_random_uuid(), 'ParcelMoved', 'failed')`,
  );
  await databases.read(
    `insert into leases (name, holder, token, lease_until) values ('rebuild:parcels', 'another-host/1/x', 3, clock_timestamp() - interval '1 second')`,
  );
  expect((await system.projections.get('parcels')).state).toBe('live');
  expect((await system.projections.rebuild('parcels')).state).toBe('done');
  expect(await schemas(databases)).toEqual(['parcels_g1', 'parcels_g2']);
  expect(await databases.read('select count(*)::int as count from parcels')).toEqual([{ count: 10 }]);
  expect(await system.deadLetters.list({ open: false })).toEqual([]);
});

it.each(['throws', 'is refused by the database'])(
  'with an event whose handler %s the new build parks the same, and a mended handler parks nothing',
  async (how) => {
    await using databases = await exampleDatabases();
    const { trouble } = databases.example;
    if (how === 'throws') trouble.throwFor = bad;
    else trouble.refuseFor = bad;
    const system = await databases.start();
    await databases.append(parcels(0, 10));
    await reached(databases, 30);
    const before = await readModelHash(databases);
    await system.projections.rebuild('parcels');
    expect(await readModelHash(databases)).toBe(before);
    expect((await system.deadLetters.list()).map((letter) => `${letter.position} ${letter.status}`)).toEqual([
      '11 failed',
      '12 waiting',
    ]);
    trouble.throwFor = () => false;
    trouble.refuseFor = () => false;
    await system.projections.rebuild('parcels');
    expect(await system.deadLetters.list()).toEqual([]);
    expect(await databases.read(`select moves from parcels where parcel_id = 'parcel-p3'`)).toEqual([{ moves: 2 }]);
    await databases.append([{ parcel: 'p3', what: 'moved', depot: 'west' }]);
    await reached(databases, 31);
    expect(await databases.read(`select moves from parcels where parcel_id = 'parcel-p3'`)).toEqual([{ moves: 3 }]);
  },
);

it('S015, S137: an emptied read-model database is filled again from the log', async () => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append(parcels(0, 20));
  await reached(databases, 60);
  const before = await readModelHash(databases);
  await system.stop();
  await truncateReadModels(databases);
  await migrateSystem(databases.example.system, databases);
  const again = await databases.start();
  await reached(databases, 60);
  expect(await readModelHash(databases)).toBe(before);
  expect(await again.projections.rebuild('parcels')).toMatchObject({ position: 60 });
  expect(await readModelHash(databases)).toBe(before);
});

it('a read-model database that is put back to an older state under a running system catches up', async () => {
  await using databases = await exampleDatabases();
  await databases.start();
  await databases.append(parcels(0, 20));
  await reached(databases, 60);
  const backup = await backUp(databases.readModelsUrl);
  onTestFinished(() => runOnServer(`drop database if exists ${backup} with (force)`));
  await databases.append(parcels(20, 20));
  await reached(databases, 120);
  const before = await readModelHash(databases);
  await replaceDatabase(databases.readModelsUrl, backup);
  await databases.append(parcels(40, 1));
  await reached(databases, 123);
  await databases.append(parcels(41, 1));
  await reached(databases, 126);
  expect(await databases.read('select count(*)::int as count from parcels')).toEqual([{ count: 42 }]);
  expect(before).not.toBe(await readModelHash(databases));
  await eventually('the ledger is complete', async () => {
    const found = await databases.store(`select 1 from event_processing_lag where status = 'PROCESSED'`);
    return found.length === 126;
  });
});
