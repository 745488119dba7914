import path from 'node:path';
import { expect, it } from 'vitest';
import { whileArchiveRests } from '../../src/backup/archive-rests.ts';
import { backUp } from '../../src/backup/backup.ts';
import { restore } from '../../src/backup/restore.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { ArchiveStep } from '../../src/archive/archive-run.ts';
import { startServer } from '../../src/server/index.ts';
import { eventually, exampleDatabases, reached, readModelText } from '../support/example-databases.ts';
import { readAll } from '../support/test-log.ts';
import { eventOf, journey } from '../support/example-system.ts';
import { archiveRig, delivered } from '../support/archive-rig.ts';

it('S527, C36: closed streams go to files, the last event of each stays, and log and archive read as one', async () => {
  await using rig = await archiveRig({ extra: true });
  const { databases, log } = rig;
  await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('a'), ...journey('open', ['north', 'south']), ...delivered('b')]);
  await databases.append([...delivered('c'), ...journey('open2', ['north'])]);
  await rig.settle(12);
  const before = await readAll(log);
  const byTag = await log.query([{ tags: ['depot:north'] }]);

  expect(await rig.run({ batchEvents: 4 })).toEqual({ events: 6, files: 2, stopped: null });

  const left = await databases.store<{ position: string }>('select position from parcel_events_log order by 1');
  expect(left.map((row) => Number(row.position))).toEqual([3, 4, 5, 8, 11, 12]);
  expect(await readAll(log, 5)).toEqual(before);
  expect(await log.query([{ tags: ['depot:north'] }])).toEqual(byTag);
  expect(await log.query([{ stream: 'parcel-a' }])).toEqual(before.slice(0, 3));
  expect(await log.query([{ stream: 'parcel-a', afterVersion: 1 }])).toEqual(before.slice(1, 3));
  expect(await log.event(before[0]?.id ?? '')).toEqual(before[0]);
  expect(await rig.run()).toEqual({ events: 0, files: 0, stopped: null });
});

it('S527: what is not done yet stays: young, parked, refused, or with a row in the ledger; and goes when it is done', async () => {
  await using rig = await archiveRig({ extra: true });
  const { databases } = rig;
  const { trouble } = databases.example;
  trouble.throwFor = (event) => event.stream === 'parcel-parked' && event.version === 2;
  const system = await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('parked'), ...delivered('refused'), ...delivered('kept')]);
  await rig.settle(9);
  // As if the broker had refused the fifth, and the ledger's eighth row were not old enough.
  await databases.store(`insert into relay_failures (destination, position, ordering_key, status)
    values ('elsewhere', 5, 'parcel-refused', 'DISCARDED')`);
  await databases.store(`insert into lag_ledger (position, event_id, event_name, aggregate_id, status, created_at)
    select position, event_id, event_name, aggregate_id, 'PROCESSED', created_at from parcel_events_log where position = 8`);

  expect(await rig.run({ afterMs: 60_000 })).toMatchObject({ events: 0 });
  expect((await system.archive?.status())?.scannedTo).toBe(0);
  expect(await rig.run()).toMatchObject({ events: 0 });
  expect(await system.archive?.status()).toMatchObject({
    archived: 0,
    inLog: 9,
    scannedTo: 9,
    waiting: [
      { reason: 'ledger', streams: 1 },
      { reason: 'parked', streams: 1 },
      { reason: 'refused', streams: 1 },
    ],
  });
  await databases.store('delete from relay_failures');
  await databases.store('delete from event_processing_lag');
  trouble.throwFor = () => false;
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'operator');
  expect(await rig.run()).toMatchObject({ events: 6 });
  expect(await system.archive?.status()).toMatchObject({
    archived: 6,
    inLog: 3,
    waiting: [],
    run: { events: 6, error: null },
  });
});

it('an event that one projection has not applied stays in the log', async () => {
  await using rig = await archiveRig({ extra: true });
  const { databases } = rig;
  const system = await databases.start();
  await databases.append(delivered('a'));
  await rig.settle(3);
  await system.stop();
  await databases.read(`update projection_builds set position = 1 where projection_id = 'second-look'`);
  expect(await rig.run()).toMatchObject({ events: 0 });
  await databases.read(`update projection_builds set position = 3 where projection_id = 'second-look'`);
  expect(await rig.run()).toMatchObject({ events: 2 });
});

it('the archive pauses before its next batch, says so, and goes on', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  const system = await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('a'), ...delivered('b'), ...delivered('c')]);
  await rig.settle(9);
  let batches = 0;
  const onStep = async (step: ArchiveStep) => {
    if (step === 'taken-out' && ++batches === 1) await system.archive?.pause('operator', 'rush hour');
  };
  expect(await rig.run({ batchEvents: 2, onStep })).toEqual({ events: 2, files: 1, stopped: 'paused' });
  expect(await system.archive?.status()).toMatchObject({
    archived: 2,
    paused: { by: 'operator', reason: 'rush hour' },
  });
  expect(await rig.run()).toMatchObject({ events: 0, stopped: 'paused' });
  await system.archive?.resume();
  expect(await rig.run()).toMatchObject({ events: 4, stopped: null });
  expect(await readAll(rig.log)).toHaveLength(9);
});

it('a stream that goes on after its end loses nothing, and is archived again when it ended again', async () => {
  await using rig = await archiveRig();
  const { databases, log } = rig;
  await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('a'), ...journey('other', ['north', 'south'])]);
  await rig.settle(5);
  await rig.run();
  await databases.append([{ parcel: 'a', what: 'moved', depot: 'west' }]);
  await rig.settle(6);
  expect(await rig.run()).toMatchObject({ events: 0 });
  await databases.append([{ parcel: 'a', what: 'delivered' }]);
  await rig.settle(7);
  const before = await log.query([{ stream: 'parcel-a' }]);
  expect(await rig.run()).toMatchObject({ events: 2 });
  expect(await log.query([{ stream: 'parcel-a' }])).toEqual(before);
  expect(before.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
});

it('two processes that archive at once: one does it, the other says that it is done', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  await databases.start();
  await databases.append(delivered('a'));
  await rig.settle(3);
  let second: unknown;
  const onStep = async (step: ArchiveStep) => {
    if (step === 'begun') second = await rig.run().catch((error: unknown) => error);
  };
  expect(await rig.run({ onStep })).toMatchObject({ events: 2 });
  expect(second).toMatchObject({ code: 'ARCHIVE_IN_PROGRESS' });
});

it('a relay that begins anew publishes what was archived as well, in order', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  const system = await databases.start();
  await databases.append([...delivered('a'), ...journey('open', ['north', 'south']), ...delivered('b')]);
  await rig.settle(8);
  await rig.run();
  await system.stop();
  // As another broker would: with no cursor of its own yet.
  await databases.store('delete from relay_cursors');
  await databases.start({ archive: { folder: rig.folder.path }, relay: { batchSize: 1 } });
  await eventually('everything is published', async () => {
    const [row] = await databases.store<{ position: string }>('select relay_published() as position');
    return Number(row?.position) === 8;
  });
});

it('nobody takes events out of the log but the archive, and it takes no last event', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  await databases.start();
  await databases.append(delivered('a'));
  await rig.settle(3);
  await expect(databases.store('delete from parcel_events_log')).rejects.toMatchObject({ code: 'MR001' });
  await databases.store(`insert into leases values ('archive', 'me', 7, now() + interval '1 minute')`);
  await databases.store(`select archive_begin('x.jsonl')`);
  const batch = (positions: string, cutoff = 'infinity') =>
    databases.store(`select archive_batch('archive', 7, (select id from archive_files), 1, 'x', '${cutoff}',
      array_agg(position order by position), array_agg(event_id order by position), array_agg(aggregate_id order by position),
      array_agg(version order by position), array_agg(0::bigint), array_agg(1), array_agg(1))
      from parcel_events_log where position = any ('{${positions}}')`);
  await expect(batch('1,2,3')).rejects.toMatchObject({ code: 'MR043' });
  await expect(batch('2')).rejects.toMatchObject({ code: 'MR043' });
  await expect(batch('1', '-infinity')).rejects.toMatchObject({ code: 'MR041' });
  await databases.store(`update lag_cursor set position = 0`);
  await expect(batch('1')).rejects.toMatchObject({ code: 'MR042' });
  await databases.store(`update lag_cursor set position = 3`);
  await databases.store(`update leases set token = 8 where name = 'archive'`);
  await expect(batch('1')).rejects.toMatchObject({ code: 'MR010' });
  expect(await databases.store('select 1 from parcel_events_log')).toHaveLength(3);
});

it('S527, C36: /api/events, /api/log, a rebuild and conditions see no difference; operators see how it stands', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  const system = await databases.start({ archive: { folder: rig.folder.path } });
  const server = await startServer({ system: databases.example.system }, system, { host: '127.0.0.1', port: 0 });
  databases.onEnd(() => server.stop());
  const get = async (url: string): Promise<unknown> => (await fetch(`${server.url}${url}`)).json();
  await databases.append([...delivered('a'), ...journey('open', ['north', 'south']), ...delivered('b', 'west')]);
  await rig.settle(8);
  const questions = ['/api/events/parcel-a', '/api/events/parcel-b?after=6&limit=1', '/api/log?limit=100'];
  const answers = await Promise.all(questions.map(get));
  const before = await readModelText(databases);
  expect(await rig.run()).toMatchObject({ events: 4 });

  expect(await Promise.all(questions.map(get))).toEqual(answers);
  await system.projections.rebuild('parcels');
  expect(await readModelText(databases)).toBe(before);
  expect(await get('/api/archive')).toMatchObject({ lastPosition: 8, archived: 4, inLog: 4, files: 1, paused: null });
  const paused = await fetch(`${server.url}/api/archive/pause`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'backup runs' }),
  });
  expect(await paused.json()).toMatchObject({ paused: { by: 'anonymous', reason: 'backup runs' } });
  await fetch(`${server.url}/api/archive/resume`, { method: 'POST' });
  expect(await get('/api/archive')).toMatchObject({ paused: null });
  expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^archived_events_total 4$/m);

  // The only event at the depot is in a file, and sixteen who want to be the first there still all lose.
  const racers = Array.from({ length: 16 }, (_, n) => {
    const [first] = [...delivered(`racer-${n}`, 'west')].map(eventOf);
    if (first === undefined) throw new Error('three steps');
    const { id, stream, type, data } = first;
    const event = { id, stream, metadata: '{}', occurredAt: 0, ...databases.registry.encode({ type, data }) };
    return rig.log.append({ events: [event], conditions: [{ tags: ['depot:west'], after: 0 }] });
  });
  expect((await Promise.all(racers)).filter(({ outcome }) => outcome === 'stored')).toEqual([]);
});

it('a backup of a log with archived events is restored beside the same files; it waits for the archive and keeps it still', async () => {
  await using rig = await archiveRig();
  const { databases } = rig;
  const { system } = databases.example;
  const running = await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('a'), ...journey('open', ['north', 'south']), ...delivered('b')]);
  await rig.settle(8);
  await rig.run();
  const all = await readAll(rig.log);
  const folder = path.join(rig.folder.path, 'backup');
  await backUp({ ...databases, system, folder, version: '1' });
  await running.stop();

  await using fresh = await exampleDatabases({ migrate: false });
  await restore({ ...fresh, system, folder, prepare: () => migrateSystem(system, fresh) });
  const again = await fresh.start({ archive: { folder: rig.folder.path } });
  expect(await readAll(again.log)).toEqual(all);
  await fresh.append([{ parcel: 'open', what: 'delivered' }]);
  await reached(fresh, 9);
  await again.projections.rebuild('parcels');
  expect(await again.archive?.status()).toMatchObject({ archived: 4, inLog: 5 });

  const { eventStoreUrl } = databases;
  await whileArchiveRests(eventStoreUrl, async () => {
    await expect(rig.run()).rejects.toMatchObject({ code: 'ARCHIVE_IN_PROGRESS' });
  });
  await databases.store(`update leases set holder = 'elsewhere/1/a', lease_until = now() + interval '1 minute'`);
  await expect(whileArchiveRests(eventStoreUrl, () => Promise.resolve(), 0)).rejects.toMatchObject({
    code: 'ARCHIVE_IN_PROGRESS',
  });
});
