import pg from 'pg';
import { expect, it } from 'vitest';
import type { RebuildProgress, RunningSystem } from '../../src/running-system.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey } from '../support/example-system.ts';

/** 12,000 events: three pages of a rebuild. */
async function filled(): Promise<{ databases: ExampleDatabases; system: RunningSystem }> {
  const databases = await exampleDatabases();
  const system = await databases.start();
  for (let turn = 0; turn < 4; turn++) {
    const steps = Array.from({ length: 1000 }, (_, index) => journey(`p${turn}-${index}`, ['north', 'south', 'east']));
    await databases.append(steps.flat());
  }
  await reached(databases, 12_000);
  return { databases, system };
}

const progressOf = (system: RunningSystem) => system.projections.rebuildProgress('parcels');

/** Starts a rebuild and pauses it in the middle: it is held at the border of a page until it has heard of the pause. */
async function paused(
  databases: ExampleDatabases,
  system: RunningSystem,
): Promise<{ readonly ends: Promise<RebuildProgress>; readonly halted: RebuildProgress }> {
  const lock = new pg.Client({ connectionString: databases.readModelsUrl });
  await lock.connect();
  await lock.query('begin');
  let locked: Promise<pg.QueryResult> | undefined;
  databases.example.trouble.seen = () => {
    locked ??= lock.query(`select 1 from projection_builds where state = 'building' for update`);
  };
  const ends = system.projections.rebuild('parcels');
  ends.catch(() => undefined);
  await eventually('it runs', () => locked !== undefined);
  expect((await locked)?.rowCount).toBe(1);
  databases.example.trouble.seen = () => undefined;
  const asked = system.projections.act('parcels', 'pause', { actor: 'anna', reason: 'rush hour' });
  const heard = async () => {
    const [row] = await databases.read<{ asked: string | null; until: string }>(
      `select asked, extract(epoch from runner_until)::text as until from projection_operations where kind = 'rebuild' order by id desc limit 1`,
    );
    return row?.asked === 'pause' ? Number(row.until) : undefined;
  };
  await eventually('it is asked', async () => (await heard()) !== undefined);
  const before = (await heard()) ?? 0;
  await eventually('it was heard', async () => ((await heard()) ?? 0) > before);
  await lock.query('commit');
  await lock.end();
  await asked;
  const halted = await progressOf(system);
  if (halted?.state !== 'paused') throw new Error(`the rebuild is ${String(halted?.state)}`);
  return { ends, halted };
}

it('pauses between two pages, visible from every process, and goes on where it was', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  const before = await readModelHash(databases);
  const other = await databases.start({ roles: ['api'] });
  const { ends, halted } = await paused(databases, system);
  expect(await progressOf(other)).toEqual(halted);
  expect(halted).toMatchObject({ target: 12_000, eventsPerSecond: 0, secondsLeft: null });
  expect(halted.position).toBeLessThan(12_000);
  await databases.append(journey('late', ['north']));
  await reached(databases, 12_001);
  expect((await progressOf(other))?.position).toBe(halted.position);
  let folds = 0;
  databases.example.trouble.seen = () => folds++;
  await other.projections.act('parcels', 'resume', { actor: 'bert' });
  expect(await ends).toMatchObject({ state: 'done', position: 12_001 });
  expect(folds).toBe(12_001 - halted.position);
  expect(await readModelHash(databases)).not.toBe(before);
  const record = (await other.operations.list()).map(({ kind, actor, reason }) => `${kind} ${actor} ${reason ?? '-'}`);
  expect(record).toEqual(['rebuild-resume bert -', 'rebuild-pause anna rush hour', 'rebuild system -']);
});

it('abandoned while paused, nothing of it stays, and a new one begins at once', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  const before = await readModelHash(databases);
  const { ends } = await paused(databases, system);
  await system.projections.act('parcels', 'abandon');
  await expect(ends).rejects.toMatchObject({ code: 'OPERATION_ABANDONED' });
  expect((await progressOf(system))?.state).toBe('abandoned');
  expect(await databases.read(`select 1 from pg_namespace where nspname = 'parcels_g2'`)).toEqual([]);
  expect(await databases.read(`select 1 from projection_builds where state <> 'live'`)).toEqual([]);
  expect(await readModelHash(databases)).toBe(before);
  expect((await system.projections.rebuild('parcels')).state).toBe('done');
});

it('a pause outlives the process', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  const { halted } = await paused(databases, system);
  const [first] = await system.operations.list({ kinds: ['rebuild'] });
  await system.stop();
  const again = await databases.start();
  await eventually('another took it over', async () => {
    const [operation] = await again.operations.list({ kinds: ['rebuild'] });
    return operation?.runner !== first?.runner && (await progressOf(again))?.state === 'paused';
  });
  expect(await progressOf(again)).toMatchObject({ state: 'paused', position: halted.position });
  await again.projections.act('parcels', 'resume');
  await again.operations.wait(halted.operation);
  expect(await progressOf(again)).toMatchObject({ state: 'done', position: 12_000 });
});

it('refuses what cannot be asked: of no rebuild, or of one in another state', async () => {
  const { databases, system } = await filled();
  await using _ = databases;
  for (const action of ['pause', 'resume', 'abandon', 'confirm'] as const) {
    await expect(system.projections.act('parcels', action)).rejects.toMatchObject({ code: 'REBUILD_NOT_RUNNING' });
  }
  for (const action of ['go-back', 'drop-old'] as const) {
    await expect(system.projections.act('parcels', action)).rejects.toMatchObject({ code: 'OLD_BUILD_MISSING' });
  }
  const { ends } = await paused(databases, system);
  await expect(system.projections.act('parcels', 'confirm')).rejects.toMatchObject({ code: 'REBUILD_NOT_RUNNING' });
  await system.projections.act('parcels', 'resume');
  expect((await ends).state).toBe('done');
  await expect(system.projections.act('nothing', 'pause')).rejects.toMatchObject({ code: 'PROJECTION_UNKNOWN' });
});
