import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { MillraceError } from '../../src/errors.ts';
import type { ArchiveStep } from '../../src/archive/archive-run.ts';
import { verifyArchive } from '../../src/archive/verify-archive.ts';
import { readAll } from '../support/test-log.ts';
import { archiveRig, delivered, type ArchiveRig } from '../support/archive-rig.ts';

let rig: ArchiveRig;
let parcels = 0;
beforeAll(async () => {
  rig = await archiveRig();
  await rig.databases.start({ archive: { folder: rig.folder.path } });
});
afterAll(() => rig[Symbol.asyncDispose]());

/** Four more closed streams, and everything as it was. */
async function more() {
  const events = await rig.databases.append(Array.from({ length: 4 }, () => delivered(`c${parcels++}`)).flat());
  await rig.settle(events.at(-1)?.position ?? 0);
  return readAll(rig.log);
}

async function soundAfter(expected: Awaited<ReturnType<typeof more>>) {
  expect(await readAll(rig.log)).toEqual(expected);
  return verified();
}

async function verified() {
  const pool = new pg.Pool({ connectionString: rig.databases.eventStoreUrl, max: 1 });
  try {
    return await verifyArchive(pool, rig.databases.example.system.tables, rig.folder);
  } finally {
    await pool.end();
  }
}

const child = fileURLToPath(new URL('../support/archive-child.ts', import.meta.url));
const steps: ArchiveStep[] = ['part-written', 'written', 'taken-out', 'abandoned'];

it.each(steps)(
  'C36: killed with -9 at "%s" nothing is lost and nothing doubled, and the next run goes on',
  async (step) => {
    const before = await more();
    if (step === 'abandoned') {
      // There has to be something that a run before has left.
      await expect(rig.run({ onStep: failAt('written') })).rejects.toMatchObject({ code: 'ARCHIVE_FAILED' });
    }
    const { eventStoreUrl, readModelsUrl } = rig.databases;
    const killed = spawn(process.execPath, [child, eventStoreUrl, readModelsUrl, rig.folder.path, step], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    onTestFinished(() => void killed.kill('SIGKILL'));
    await once(killed, 'exit');
    expect(killed.signalCode).toBe('SIGKILL');

    expect((await soundAfter(before)).problems).toEqual([]);
    const { events } = await rig.run();
    expect(events).toBe(step === 'taken-out' ? 4 : 8);
    expect(await soundAfter(before)).toMatchObject({ problems: [], unknownFiles: [] });
  },
);

const failAt = (step: ArchiveStep) => (reached: ArchiveStep) => {
  if (reached === step) throw new Error(`cut off at ${step}`);
};

it.each(['begun', 'manifested', 'compared', 'noted', 'removed'] as const)(
  'C36: cut off at "%s" nothing is lost and nothing doubled, and what is left over goes',
  async (step) => {
    const before = await more();
    await expect(rig.run({ onStep: failAt(step) })).rejects.toThrow(`cut off at ${step}`);
    expect((await soundAfter(before)).problems).toEqual([]);
    await rig.run();
    expect(await soundAfter(before)).toMatchObject({ problems: [], unknownFiles: [] });
    expect(await rig.databases.store(`select 1 from archive_files where state <> 'archived'`)).toEqual([]);
  },
);

it('a file that does not hold what was written is found before anything leaves the log', async () => {
  const before = await more();
  const spoil = async (reached: ArchiveStep) => {
    if (reached !== 'manifested') return;
    const [newest] = await rig.databases.store<{ name: string }>(
      `select name from archive_files where state = 'writing'`,
    );
    const file = path.join(rig.folder.path, newest?.name ?? '');
    await truncate(file, (await stat(file)).size - 5);
  };
  await expect(rig.run({ onStep: spoil })).rejects.toMatchObject({ code: 'ARCHIVE_FILE_DAMAGED' });
  expect((await soundAfter(before)).problems).toEqual([]);
  expect(await rig.run()).toMatchObject({ events: 8 });
});

it('a run that lost its lease takes nothing out, and a commit under way is waited for', async () => {
  const before = await more();
  const lose = async (reached: ArchiveStep) => {
    if (reached === 'compared') await rig.databases.store(`update leases set token = token + 1 where name = 'archive'`);
  };
  await expect(rig.run({ onStep: lose })).rejects.toMatchObject({ code: 'ARCHIVE_FAILED' });
  await rig.databases.store(`update leases set lease_until = '-infinity' where name = 'archive'`);
  expect((await soundAfter(before)).problems).toEqual([]);
  // What would delete the file of a batch waits for the batch: the two meet at the row of the file.
  const client = new pg.Client({ connectionString: rig.databases.eventStoreUrl });
  await client.connect();
  try {
    await client.query('begin');
    const name = 'parcels-000000000000-ffffffff.jsonl';
    await client.query('select archive_begin($1)', [name]);
    await client.query('commit');
    await client.query('begin');
    await client.query(`update archive_files set state = 'archived', events = 0 where name = $1`, [name]);
    const abandoned = rig.databases.store<{ name: string }>('select archive_abandon() as name');
    await expect
      .poll(() =>
        rig.databases.store(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%archive_abandon%'`,
        ),
      )
      .not.toEqual([]);
    await client.query('commit');
    expect((await abandoned).map((row) => row.name)).not.toContain(name);
    await client.query('delete from archive_files where name = $1', [name]);
  } finally {
    await client.end();
  }
  await rig.run();
  expect(await soundAfter(before)).toMatchObject({ problems: [] });
});

it('a copy of the database leaves the files alone that the original has begun', async () => {
  const before = await more();
  await expect(rig.run({ onStep: failAt('manifested') })).rejects.toMatchObject({ code: 'ARCHIVE_FAILED' });
  const [begun] = await rig.databases.store<{ name: string }>(`select name from archive_files where state = 'writing'`);
  // What a restore does to the log.
  await rig.databases.store('update log_info set incarnation = gen_random_uuid()');
  await rig.run();
  const found = await soundAfter(before);
  expect(found).toMatchObject({ problems: [], unknownFiles: [begun?.name] });
  await rig.folder.remove(begun?.name ?? '');
});

it('an event that is neither in the log nor in the index is an error with its position, not a shorter page', async () => {
  await more();
  await rig.run();
  const gone = await rig.databases.store('delete from archived_events where position = 2 returning *');
  expect(gone).toHaveLength(1);
  expect(await failureOf(readAll(rig.log))).toMatch(/^STORE_CORRUPT: .* position 2 /);
  await rig.databases.store(
    'insert into archived_events select * from json_populate_record(null::archived_events, $1)',
    [JSON.stringify(gone[0])],
  );
  await readAll(rig.log);
});

it('a missing or damaged file is an error that names it, and events are never passed over', async () => {
  const before = await more();
  await rig.run();
  const first = before[0];
  const [file] = await rig.databases.store<{ name: string }>(
    'select f.name from archived_events a join archive_files f on f.id = a.file_id where a.position = 1',
  );
  const name = file?.name ?? '';
  const content = await rig.folder.readBack(name);
  const whole = path.join(rig.folder.path, name);
  await truncate(whole, content.bytes - 20);
  expect(await failureOf(readAll(rig.log))).toContain(`ARCHIVE_FILE_DAMAGED: The archive file ${name} `);
  expect((await verified()).problems.join()).toContain(name);
  await rm(whole);
  const missing = `ARCHIVE_FILE_MISSING: The archive file ${name} `;
  expect(await failureOf(rig.log.event(first?.id ?? ''))).toContain(missing);
  expect(await failureOf(rig.log.query([{ stream: first?.stream ?? '' }]))).toContain(missing);
  await expect(rig.databases.log.read()).rejects.toMatchObject({ code: 'ARCHIVE_FILE_MISSING' });
  expect((await verified()).problems.join()).toContain(name);
});

/** Code and message of what it rejects with. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'nothing failed',
    (failure: unknown) => failure,
  );
  return error instanceof MillraceError ? `${error.code}: ${error.message}` : String(error);
}
