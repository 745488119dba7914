import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decider, EventOf, RunningSystem } from '../../src/index.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import { SystemMetrics } from '../../src/server/system-metrics.ts';
import { startSystem } from '../../src/start-system.ts';
import { PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { metricsIn } from '../../src/telemetry/metrics.ts';
import { eventually, exampleDatabases, reached, type ExampleDatabases } from '../support/example-databases.ts';
import { ParcelAccepted, ParcelMoved } from '../support/example-system.ts';

/**
 * One system, three processes' worth of it, each with a database user that is in its own group role and in no other. Both
 * databases belong to an owner who is no superuser.
 */

type ParcelEvent = EventOf<typeof ParcelAccepted> | EventOf<typeof ParcelMoved>;
const moveParcel: Decider<number, { readonly parcel: string; readonly depot: string }, ParcelEvent> = {
  name: 'move-parcel',
  initial: 0,
  boundary: ({ parcel }) => ({ stream: `parcel-${parcel}` }),
  decide: (moves, { parcel, depot }) => [
    moves === 0
      ? ParcelAccepted({ label: `L-${parcel}`, depot, weight: 100 })
      : ParcelMoved({ label: `L-${parcel}`, depot }),
  ],
  evolve: (moves) => moves + 1,
  snapshot: { version: 1, every: 5, toJson: (moves) => moves, fromJson: Number },
};

const prefix = `test_${randomBytes(4).toString('hex')}`;
const parts = ['api', 'relay', 'projector', 'reader'] as const;
type Part = (typeof parts)[number];

let databases: ExampleDatabases;
const warnings: string[] = [];
const systems = new Map<Part, RunningSystem>();

const loginOf = (part: Part) => `${prefix}_${part}_1`;
const owner = `${prefix}_owner`;
function as(user: string, url: string): string {
  const own = new URL(url);
  own.username = user;
  own.password = 'for this test';
  return own.href;
}
const urlOf = (part: Part, url: string) => as(loginOf(part), url);
function systemOf(part: Part): RunningSystem {
  const system = systems.get(part);
  if (system === undefined) throw new Error(`${part} does not run`);
  return system;
}

async function start(part: 'api' | 'relay' | 'projector'): Promise<void> {
  const warn = (message: string) => void warnings.push(`${part}: ${message}`);
  const system = await startSystem(databases.example.system, {
    eventStoreUrl: urlOf(part, databases.eventStoreUrl),
    readModelsUrl: urlOf(part, databases.readModelsUrl),
    roles: [part],
    logger: { info: () => undefined, warn, error: warn },
  });
  systems.set(part, system);
  databases.onEnd(() => system.stop());
}

beforeAll(async () => {
  databases = await exampleDatabases({ migrate: false, timers: true });
  await databases.store(`create role ${owner} login createrole password 'for this test'`);
  for (const url of [databases.eventStoreUrl, databases.readModelsUrl]) {
    await databases.store(`alter database ${new URL(url).pathname.slice(1)} owner to ${owner}`);
  }
  const urls = { eventStoreUrl: as(owner, databases.eventStoreUrl), readModelsUrl: as(owner, databases.readModelsUrl) };
  for (let time = 0; time < 2; time++) await migrateSystem(databases.example.system, urls, { grants: prefix });
  for (const part of parts) {
    await databases.store(`create role ${loginOf(part)} login password 'for this test' in role ${prefix}_${part}`);
  }
  for (const part of ['api', 'relay', 'projector'] as const) await start(part);
});
afterAll(async () => {
  await Promise.all([...systems.values()].map((system) => system.stop()));
  for (const url of [databases.eventStoreUrl, databases.readModelsUrl]) {
    await databases.store(`alter database ${new URL(url).pathname.slice(1)} owner to current_user`);
  }
  const everybody = [...parts.flatMap((part) => [loginOf(part), `${prefix}_${part}`]), owner];
  for (const role of everybody) {
    await databases.store(`drop owned by ${role} cascade`);
    await databases.read(`drop owned by ${role} cascade`);
    await databases.store(`drop role ${role}`);
  }
  await databases[Symbol.asyncDispose]();
});

const openLedgerRows = () =>
  databases.store(`select from event_processing_lag where status <> 'PROCESSED' or total_lag_ms is null`);

describe('with a database user for each role', () => {
  it('a command takes its way: stored, published, in the read model, and in the ledger', async () => {
    const api = systemOf('api');
    const depots = Array.from({ length: 12 }, (_, n) => `d${n % 3}`);
    let position = 0;
    for (const depot of depots) {
      const key = { scope: 'test', value: randomUUID(), request: depot };
      const result = await api.execute(moveParcel, { parcel: 'a', depot }, { key });
      position = result.position;
      expect(await api.execute(moveParcel, { parcel: 'a', depot }, { key })).toMatchObject({ replayed: true });
    }
    expect(position).toBe(depots.length);
    const rows = await api.readModels.query<{ moves: number }>('select moves from parcels', [], {
      minPosition: position,
    });
    expect(rows).toEqual([{ moves: depots.length - 1 }]);
    await eventually('a complete ledger', async () => {
      const copied = await databases.store('select from lag_ledger');
      return copied.length === depots.length && (await openLedgerRows()).length === 0;
    });
    await eventually('a snapshot', async () => (await databases.store('select from snapshots')).length === 1);
    expect(warnings).toEqual([]);
  });

  it('every process can tell its health', async () => {
    for (const part of ['api', 'relay', 'projector'] as const) {
      const health = await systemOf(part).health();
      expect(health, part).toMatchObject({ status: 'healthy', ready: true });
    }
  });

  it('every process can tell its metrics, and the projector compares log and read model', async () => {
    for (const part of ['api', 'relay', 'projector'] as const) {
      const registry = new Registry();
      const metrics = new SystemMetrics(systemOf(part), metricsIn(registry));
      await metrics.collect();
      metrics.stop();
      const text = await registry.metrics();
      expect(text, part).toContain('telemetry_scrape_failures_total{part="databases"} 0');
      expect(text, part).not.toMatch(/telemetry_scrape_failures_total\{.*\} [1-9]/);
    }
    await eventually('it has compared', () =>
      (systemOf('projector').activity?.().conservation ?? []).some(({ compared, gap }) => compared > 0 && gap === 0),
    );
    expect(warnings).toEqual([]);
  });

  it('commands that two processes fight over are decided under the lock', async () => {
    const own = new PostgresLog({
      url: urlOf('api', databases.eventStoreUrl),
      name: databases.example.system.name,
      names: databases.example.system.tables,
    });
    databases.onEnd(() => own.close());
    const { position } = await own.head();
    const event = {
      id: randomUUID(),
      stream: 'parcel-a',
      metadata: JSON.stringify({ correlationId: 'test', actor: 'test' }),
      occurredAt: Date.now(),
      ...databases.registry.encode(ParcelMoved({ label: 'L-a', depot: 'd9' })),
    };
    const revise = () => Promise.resolve({ events: [event] });
    const outcome = await own.append({ events: [event], expect: [{ stream: 'parcel-a', version: 1 }], revise });
    expect(outcome).toMatchObject({ outcome: 'stored', firstPosition: position + 1 });
  });

  it('old command keys go, and only with the API’s rights', async () => {
    const url = (part: Part) => ({
      url: urlOf(part, databases.eventStoreUrl),
      name: databases.example.system.name,
      names: databases.example.system.tables,
    });
    await databases.store(`update command_keys set created_at = now() - interval '25 hours'`);
    const [api, relay] = [new PostgresLog(url('api')), new PostgresLog(url('relay'))];
    databases.onEnd(() => Promise.all([api.close(), relay.close()]));
    await expect(relay.pruneKeys()).rejects.toMatchObject({ code: 'STORE_FORBIDDEN' });
    expect(await api.pruneKeys()).toBe(12);
  });

  it('a rebuild that the API asks for leaves a read model that it can read, and so does the one after it', async () => {
    for (let round = 0; round < 2; round++) {
      await systemOf('api').projections.rebuild('parcels');
      expect(await systemOf('api').readModels.query('select parcel_id from parcels')).toHaveLength(1);
      expect(await systemOf('api').readModels.query('select parcel_id from heavy_parcels')).toEqual([]);
    }
    const owners = await databases.read(
      `select distinct pg_get_userbyid(nspowner) as owner from pg_namespace where nspname like 'parcels\\_g%'`,
    );
    expect(owners).toEqual([{ owner: `${prefix}_projector` }]);
    const { position } = await systemOf('api').execute(moveParcel, { parcel: 'b', depot: 'd1' });
    await reached(databases, position);
    expect(await systemOf('api').readModels.query('select parcel_id from parcels')).toHaveLength(2);
  });

  it('a parked event is retried and discarded by the API’s user, and a projector does the work', async () => {
    const api = systemOf('api');
    const { trouble } = databases.example;
    trouble.throwFor = (event) => event.stream === 'parcel-c' || event.stream === 'parcel-d';
    for (const parcel of ['c', 'd']) await api.execute(moveParcel, { parcel, depot: 'd1' });
    await eventually('two parked events', async () => (await api.deadLetters.count()) === 2);
    trouble.throwFor = () => false;
    const [first, second] = await api.deadLetters.list();
    expect(await api.deadLetters.retry(first?.id ?? 0, 'anna')).toMatchObject({ applied: 1, left: 0 });
    expect(await api.deadLetters.discard(second?.id ?? 0, 'anna', 'a test')).toMatchObject({ left: 0 });
    expect(await api.deadLetters.count()).toBe(0);
  });

  it('a timer is fired by the API’s user, and what came of it is forgotten when its event has taken it away', async () => {
    const api = systemOf('api');
    await api.execute(moveParcel, { parcel: 'timed', depot: 'at-once' });
    await eventually('the parcel is delivered', async () => {
      const rows = await api.readModels.query(`select from parcels where parcel_id = 'parcel-timed' and arrived`);
      return rows.length === 1;
    });
    await eventually('nothing is left', async () => {
      const left = await databases.store('select from timer_firings');
      return left.length === 0 && (await api.readModels.query('select from timers')).length === 0;
    });
    expect(api.timers?.()).toMatchObject([{ timers: 'delivery', due: 0, fired: 1, refused: 0 }]);
    expect(warnings.filter((line) => line.includes('timers'))).toEqual([]);
  });

  it('accounts, sign-ins and API keys are kept with the API’s rights alone', async () => {
    const times = { idleMs: 60_000, lifetimeMs: 60_000 };
    const by = { actor: 'test' };
    const accessOf = (part: Part) => {
      const { access } = systemOf(part);
      if (access === undefined) throw new Error(`${part} keeps no accounts`);
      return access;
    };
    const access = accessOf('api');
    const person = { userName: 'anna', displayName: 'Anna', password: 'correct horse battery', roles: ['a'] };
    const { accountId } = await access.addAccount(person, by);
    const signedIn = await access.signIn('anna', person.password, 'cookie', times);
    expect(signedIn?.principal).toMatchObject({ kind: 'account', id: accountId });
    await access.changeAccount(accountId, { roles: ['b'] }, by, []);
    expect(await access.principalOf(signedIn?.token ?? '', 'cookie', times)).toBeUndefined();
    const { key, apiKey } = await access.addApiKey({ name: 'a', roles: ['a'], expiresAt: undefined }, by);
    expect(await access.principalOf(key, 'bearer', times)).toMatchObject({ kind: 'api-key', id: apiKey.keyId });
    await access.revokeApiKey(apiKey.keyId, by);
    const { secret } = await access.keepOneUse('pass', { for: 'anna' }, 60_000);
    expect(await access.takeOneUse('pass', secret)).toEqual({ for: 'anna' });
    expect(await access.takeOneUse('pass', secret)).toBeUndefined();
    const provided = { issuer: 'https://a.example', subject: '1', userName: 'bea', displayName: 'Bea', roles: ['a'] };
    expect(await access.signInByProvider(provided, 'cookie', times)).toBeDefined();
    await access.prune(times);
    expect((await access.listChanges(undefined, 10)).map(({ action }) => action)).toEqual([
      'account-added',
      'api-key-revoked',
      'api-key-added',
      'account-changed',
      'account-added',
    ]);
    for (const part of ['relay', 'projector'] as const) {
      await expect(accessOf(part).listAccounts(), part).rejects.toThrow('permission denied');
    }
  });

  it('who writes with another role is refused, and nothing is stored', async () => {
    const before = await databases.log.head();
    for (const part of ['relay', 'projector', 'reader'] as const) {
      const log = new PostgresLog({
        url: urlOf(part, databases.eventStoreUrl),
        name: databases.example.system.name,
        names: databases.example.system.tables,
      });
      const { type, data } = ParcelMoved({ label: 'L-a', depot: 'd9' });
      const event = {
        id: randomUUID(),
        stream: 'parcel-a',
        metadata: '{}',
        occurredAt: Date.now(),
        ...databases.registry.encode({ type, data }),
      };
      await expect(log.append({ events: [event] }), part).rejects.toMatchObject({ code: 'STORE_FORBIDDEN' });
      await log.close();
    }
    expect(await databases.log.head()).toEqual(before);
  });

  it('none of them may prepare the databases, and hears who has to', async () => {
    for (const part of parts) {
      const urls = {
        eventStoreUrl: urlOf(part, databases.eventStoreUrl),
        readModelsUrl: urlOf(part, databases.readModelsUrl),
      };
      const refused = expect(migrateSystem(databases.example.system, urls), part).rejects;
      await refused.toMatchObject({ code: 'MIGRATION_FORBIDDEN' });
      await refused.toThrow('MILLRACE_MIGRATE=no');
    }
  });

  it('a person with the reader’s rights can look at everything that is asked of both databases', async () => {
    const questions: readonly [url: string, sql: string][] = [
      [databases.eventStoreUrl, 'select count(*) from parcel_events_log'],
      [databases.eventStoreUrl, 'select status, count(*) from parcel_outbox group by 1'],
      [databases.eventStoreUrl, 'select avg(total_lag_ms) from event_processing_lag'],
      [databases.eventStoreUrl, 'select * from event_lag_metrics'],
      [databases.eventStoreUrl, 'select * from projection_checkpoints'],
      [databases.eventStoreUrl, 'select * from timer_firings'],
      [databases.eventStoreUrl, 'select * from millrace_access.changes'],
      [databases.readModelsUrl, 'select * from projection_checkpoints'],
      [databases.readModelsUrl, 'select * from event_lag_metrics'],
      [databases.readModelsUrl, 'select * from parcels'],
      [databases.readModelsUrl, 'select * from dead_letters'],
      [databases.readModelsUrl, 'select * from timers'],
    ];
    for (const [url, sql] of questions) {
      const client = new pg.Client({ connectionString: urlOf('reader', url) });
      await client.connect();
      await expect(client.query(sql), sql).resolves.toBeDefined();
      await client.end();
    }
  });
});
