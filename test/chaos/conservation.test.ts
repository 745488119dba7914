import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { application } from '../../apps/waiting-room/app.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { startServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { Conservation } from './conservation.ts';
import { PersistentLoad, type LoadJournal, type Outcome } from './persistent-load.ts';
import { waitFor } from './wait-for.ts';

/** A checker that finds nothing is worth nothing: each kind of damage is done on purpose and has to be found. */

let eventStore: TestDatabase;
let readModels: TestDatabase;
let journal: LoadJournal;
const urls = () => ({ eventStoreUrl: eventStore.url, readModelsUrl: readModels.url });

beforeAll(async () => {
  [eventStore, readModels] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await migrateSystem(waitingRoom, urls());
  const system = await startSystem(waitingRoom, urls());
  const server = await startServer(application, system, { host: '127.0.0.1', port: 0, version: '0.0.0' });
  const conservation = new Conservation(waitingRoom, urls());
  const load = new PersistentLoad([server.url], 'test', 400, new SeededRandom(7));
  load.start();
  const enough = async () => load.acceptedAt.length >= 300 && load.kinds.size === 5;
  await waitFor('some hundred commands of every kind are accepted', enough, { withinMs: 30_000 });
  journal = await load.finish(10_000);
  await waitFor('everything arrives', async () => (await conservation.underWay()).length === 0, { withinMs: 30_000 });
  await conservation.close();
  await server.stop();
  await system.stop();
});

afterAll(async () => {
  await eventStore.drop();
  await readModels.drop();
});

/** Checks everything anew, as it stands in the databases now. */
async function check(told: LoadJournal = journal) {
  const conservation = new Conservation(waitingRoom, urls());
  try {
    return await conservation.check([told], true);
  } finally {
    await conservation.close();
  }
}

/** Does damage, checks, and takes it back. */
async function damaged(url: string, damage: string, repair: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(damage);
    const verdict = await check();
    await client.query(repair);
    return verdict;
  } finally {
    await client.end();
  }
}

function withOutcome(n: number, outcome: Outcome): LoadJournal {
  return { ...journal, outcomes: new Map([...journal.outcomes, [n, outcome]]) };
}

const accepted = () => {
  for (const [n, outcome] of journal.outcomes) if (outcome.state === 'accepted') return { n, outcome };
  throw new Error('Nothing was accepted.');
};

describe('the conservation checker', () => {
  it('finds nothing where all is well, and has seen every kind of command', async () => {
    const verdict = await check();
    expect(verdict.examples).toEqual([]);
    expect(verdict.accepted).toBeGreaterThanOrEqual(300);
    expect(verdict.refused).toBeGreaterThan(0);
    const kinds = new Set([...journal.commands.values()].map((command) => command.kind));
    expect([...kinds].toSorted()).toEqual(['call', 'check-in', 'complete', 'start', 'wrong']);
  });

  it('finds an accepted command that is not in the log, and one at another position', async () => {
    const outcome: Outcome = { state: 'accepted', position: 999_999, visitId: 'visit', at: 0 };
    expect(await check(withOutcome(-1, outcome))).toMatchObject({ lost: 1 });
    expect(await check(withOutcome(accepted().n, outcome))).toMatchObject({ lost: 0, reordered: 1 });
  });

  it('finds a refused command that is stored, and an event that nobody sent', async () => {
    expect(await check(withOutcome(accepted().n, { state: 'refused', code: 'NO' }))).toMatchObject({ strangers: 1 });
    const commands = new Map([...journal.commands].filter(([n]) => n !== accepted().n));
    expect(await check({ ...journal, commands })).toMatchObject({ strangers: 1 });
  });

  it('finds a lost effect, a wrong one, and a total that counted twice', async () => {
    const schema = 'waiting_room_g1';
    const one = `(select visit_id from ${schema}.visits order by visit_id limit 1)`;
    const gone = await damaged(
      readModels.url,
      `create table kept as select * from ${schema}.visits where visit_id = ${one};
       delete from ${schema}.visits where visit_id = (select visit_id from kept)`,
      `insert into ${schema}.visits select * from kept; drop table kept`,
    );
    expect(gone).toMatchObject({ lost: 1, doubled: 0, reordered: 0 });
    const older = await damaged(
      readModels.url,
      `update ${schema}.visits set updated_by_event_version = updated_by_event_version + 1 where visit_id = ${one}`,
      `update ${schema}.visits set updated_by_event_version = updated_by_event_version - 1 where visit_id = ${one}`,
    );
    expect(older).toMatchObject({ lost: 0, reordered: 1 });
    const twice = await damaged(
      readModels.url,
      `update ${schema}.waiting_queues set waiting = waiting + 1 where queue_id = 'queue-1'`,
      `update ${schema}.waiting_queues set waiting = waiting - 1 where queue_id = 'queue-1'`,
    );
    expect(twice).toMatchObject({ lost: 0, doubled: 1 });
    expect((await check()).examples).toEqual([]);
  });

  it('finds a row that no event has made', async () => {
    const verdict = await damaged(
      readModels.url,
      `insert into waiting_room_g1.visits select (jsonb_populate_record(v, '{"visit_id":"nobody"}')).*
       from waiting_room_g1.visits v limit 1`,
      `delete from waiting_room_g1.visits where visit_id = 'nobody'`,
    );
    expect(verdict).toMatchObject({ doubled: 1 });
  });

  it('finds a ledger row that is missing, unfinished, or does not add up', async () => {
    const at = 'where position = 5';
    expect(
      await damaged(
        eventStore.url,
        `create table kept as select * from lag_ledger ${at}; delete from lag_ledger ${at}`,
        `insert into lag_ledger select * from kept; drop table kept`,
      ),
    ).toMatchObject({ unfinished: 1 });
    expect(
      await damaged(
        eventStore.url,
        `update lag_ledger set status = 'FAILED' ${at}`,
        `update lag_ledger set status = 'PROCESSED' ${at}`,
      ),
    ).toMatchObject({ unfinished: 1 });
    expect(
      await damaged(
        eventStore.url,
        `update lag_ledger set total_lag_ms = total_lag_ms + 1 ${at}`,
        `update lag_ledger set total_lag_ms = total_lag_ms - 1 ${at}`,
      ),
    ).toMatchObject({ unfinished: 1 });
  });

  it('finds an event that is not published, and a projection that stands still', async () => {
    const unpublished = await damaged(
      eventStore.url,
      'update relay_cursors set position = position - 1',
      'update relay_cursors set position = position + 1',
    );
    expect(unpublished).toMatchObject({ lost: 1, notDrained: 1 });
    const behind = await damaged(
      readModels.url,
      `update projection_builds set position = position - 1 where projection_id = 'waiting-room'`,
      `update projection_builds set position = position + 1 where projection_id = 'waiting-room'`,
    );
    expect(behind).toMatchObject({ notDrained: 1 });
  });
});
