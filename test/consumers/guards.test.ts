import pg from 'pg';
import { expect, it } from 'vitest';
import { describeFailure } from '../../src/consumers/batch.ts';
import type { StoredEvent } from '../../src/index.ts';
import { Lease } from '../../src/postgres/lease.ts';
import { createBuild } from '../../src/projections/builds.ts';
import { encodeColumn } from '../../src/projections/column-values.ts';
import { RowsTable } from '../../src/projections/rows-table.ts';
import { buildConnection, rebuildLease } from '../../src/rebuild/build-parts.ts';
import { swapIn } from '../../src/rebuild/swap.ts';
import { exampleDatabases, eventually } from '../support/example-databases.ts';
import { journey, makeExample } from '../support/example-system.ts';

const nobody = '00000000-0000-4000-8000-000000000000';

it('a checkpoint moves only from where its mover thinks it is, and in its epoch', async () => {
  await using databases = await exampleDatabases();
  const advance = (generation: number, epoch: number, from: number, to: number) =>
    databases.read('select advance_checkpoint($1, $2, $3, $4, $5, gen_random_uuid(), gen_random_uuid())', [
      'parcels',
      generation,
      epoch,
      from,
      to,
    ]);
  await advance(1, 0, 0, 5);
  await expect(advance(1, 0, 0, 6)).rejects.toMatchObject({ code: 'MR011' });
  await expect(advance(1, 1, 5, 6)).rejects.toMatchObject({ code: 'MR011' });
  await expect(advance(2, 0, 5, 6)).rejects.toMatchObject({ code: 'MR011' });
  await advance(1, 0, 5, 6);
});

it('a process that lost the lease of a rebuild swaps nothing', async () => {
  await using databases = await exampleDatabases();
  const { log, registry, readModelsUrl } = databases;
  const { projection } = databases.example;
  const pool = new pg.Pool({ connectionString: readModelsUrl });
  databases.onEnd(() => pool.end());
  const lease = (name: string) => new Lease(pool, name, 'first');
  const parts = { definition: projection, log, registry, readModelsUrl, lease, primary: true, keepOldMs: 0 };
  const held = await rebuildLease(parts).acquire();
  if (held === undefined) throw new Error('nobody else has it');
  const client = buildConnection(parts);
  databases.onEnd(() => client.end());
  await client.connect();
  await client.query('begin');
  await createBuild(client, projection, 2, 'building');
  await client.query('commit');
  const keeper = { lease: held, held: true, stop: () => undefined };
  const swap = { parts, client, keeper, generation: 2, beforeTry: () => Promise.resolve() };
  // Somebody else takes it while this process is paused: it still believes that the lease is held.
  await databases.read('update leases set token = token + 1, holder = $1', ['somebody/1/else']);
  await expect(swapIn(swap)).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  const live = () => databases.read(`select generation from projection_builds where state = 'live'`);
  expect(await live()).toEqual([{ generation: 1 }]);
  await databases.read('update leases set token = token - 1');
  await swapIn(swap);
  expect(await live()).toEqual([{ generation: 2 }]);
});

it('a relay cursor moves only with the newest lease, from where it is, and to an event of the log', async () => {
  await using databases = await exampleDatabases();
  const ids = (await databases.append(journey('a', ['1', '2', '3']))).map((event) => event.id);
  await databases.store(`insert into leases values ('relay:x', 'h/1/i', 4, now())`);
  const advance = (token: number, from: number, fromEvent: string | null, to: number, toEvent: string | null) =>
    databases.store('select relay_advance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
      'x',
      'relay:x',
      token,
      from,
      fromEvent,
      to,
      toEvent,
      [from + 1],
      [to],
      ['2026-01-01'],
      ['2026-01-01'],
    ]);
  const [one = '', two = ''] = ids;
  await expect(advance(3, 0, null, 1, one)).rejects.toMatchObject({ code: 'MR010' });
  await advance(4, 0, null, 1, one);
  await advance(4, 0, null, 1, one);
  await expect(advance(4, 0, null, 2, two)).rejects.toMatchObject({ code: 'MR012' });
  await expect(advance(4, 1, nobody, 2, two)).rejects.toMatchObject({ code: 'MR012' });
  await expect(advance(4, 1, one, 2, nobody)).rejects.toMatchObject({ code: 'MR012' });
  await expect(advance(4, 1, one, 9, two)).rejects.toMatchObject({ code: 'MR012' });
  await advance(4, 1, one, 2, two);
  expect(await databases.store('select position, event_id from relay_cursors')).toEqual([
    { position: '2', event_id: two },
  ]);
  expect(await databases.store('select last_position from relay_publications order by 1')).toHaveLength(2);
});

it('copying stamps twice or late changes nothing, takes no state back, and passes over those of another log', async () => {
  await using databases = await exampleDatabases();
  const ids = (await databases.append(journey('a', ['1', '2', '3', '4']))).map((event) => event.id);
  const copy = (first: number, last: number, event: string, status: string) =>
    databases.store('select copy_lag_stamps($1, $2, $3, $4, $5, $6, $7)', [
      [first],
      [last],
      [event],
      [null],
      ['2026-01-01'],
      ['2026-01-01'],
      [status],
    ]);
  const statuses = async (): Promise<string> =>
    (await databases.store<{ status: string }>('select status from event_processing_lag order by position'))
      .map((row) => row.status)
      .join();
  await copy(1, 2, nobody, 'PROCESSED');
  expect(await statuses()).toBe('CREATED,CREATED,CREATED,CREATED');
  await copy(1, 9, ids[3] ?? '', 'PROCESSED');
  expect(await statuses()).toBe('CREATED,CREATED,CREATED,CREATED');
  await copy(1, 2, ids[1] ?? '', 'FAILED');
  await copy(2, 2, ids[1] ?? '', 'PROCESSED');
  await copy(1, 2, ids[1] ?? '', 'FAILED');
  await copy(1, 2, ids[1] ?? '', 'PUBLISHED');
  expect(await statuses()).toBe('FAILED,PROCESSED,CREATED,CREATED');
  await databases.store('delete from event_processing_lag where position in (2, 4)');
  await copy(1, 2, ids[1] ?? '', 'PROCESSED');
  await copy(3, 4, ids[3] ?? '', 'PROCESSED');
  expect(await statuses()).toBe('PROCESSED,PROCESSED');
  await copy(3, 4, ids[3] ?? '', 'PROCESSED');
  expect(await statuses()).toBe('PROCESSED,PROCESSED');
  expect(await databases.store('select 1 from lag_deleted')).toEqual([]);
});

const eventFor = (stream: string, version: number): StoredEvent => ({
  id: nobody,
  log: 'parcels',
  position: version,
  stream,
  version,
  type: version === 1 ? 'ParcelAccepted' : 'ParcelMoved',
  schemaVersion: 1,
  tags: [],
  data: { label: 'L', depot: `d${version}`, weight: 1 },
  metadata: { correlationId: 'c', actor: 'a' },
  occurredAt: 0,
});

it('a full memory of rows never makes a known row look absent', () => {
  const [parcels] = makeExample().projection.rows;
  if (parcels === undefined) throw new Error('the example has a table');
  const table = new RowsTable(parcels, 'any', 3);
  const fold = (events: readonly StoredEvent[]): void => {
    expect(table.missing(events)).toBeUndefined();
    for (const event of events) {
      const next = table.fold(event);
      if (next !== undefined) table.put(next, event);
    }
    table.writes();
    table.committed();
  };
  fold([eventFor('a', 1), eventFor('b', 1), eventFor('c', 1)]);
  // Two new rows push two old ones out; the batch's own old row, the oldest of all, stays.
  fold([eventFor('a', 2), eventFor('d', 1), eventFor('e', 1)]);
  // What was pushed out is asked for, and refused as long as it is not there.
  expect(table.missing([eventFor('b', 2)])?.values).toHaveLength(1);
  expect(() => table.fold(eventFor('b', 2))).toThrow('was not loaded');
});

it('a value that a column cannot hold is refused, not bent', () => {
  expect(() => encodeColumn('integer', [1.5])).toThrow(RangeError);
  expect(() => encodeColumn('bigint', [Number.NaN])).toThrow(RangeError);
  expect(() => encodeColumn('integer', [2 ** 31])).toThrow(RangeError);
  expect(() => encodeColumn('timestamptz', [Number.NaN])).toThrow(RangeError);
  expect(() => encodeColumn('integer', ['1'])).toThrow(TypeError);
  expect(() => encodeColumn('boolean', [1])).toThrow(TypeError);
  expect(() => encodeColumn('text', [1])).toThrow(TypeError);
  expect(() => encodeColumn('double precision', [true])).toThrow(TypeError);
});

it('the description of a failure is made of names, whatever the message looks like', () => {
  const error = new Error('Jane Doe\n    at 10:30:00\n    at secret (/srv/jane/doe.ts:1:2)');
  expect(describeFailure(error)).toMatch(/^Error at consumers\/guards\.test\.ts:\d+:\d+$/);
  expect(describeFailure(Object.assign(new Error('x'), { name: 'Jane Doe', code: 'Jane Doe' }))).toMatch(/^Error at /);
  expect(describeFailure('Jane Doe')).toBe('string');
});

it('two processes that run everything tell each other what was published', async () => {
  await using databases = await exampleDatabases();
  const [one, two] = [await databases.start(), await databases.start()];
  for (const system of [one, two]) {
    const [event] = journey(`p${system === one ? 1 : 2}`, ['north']);
    if (event !== undefined) await databases.append([event]);
  }
  await eventually('both see both', async () => {
    const found = await Promise.all([one, two].map((system) => system.readModels.position()));
    return found.join() === '2,2';
  });
});
