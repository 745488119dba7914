import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { MillracePlace } from '../support/millrace-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const prefix = `test_${randomBytes(4).toString('hex')}`;
const parts = ['api', 'relay', 'projector'] as const;
type Part = (typeof parts)[number];

let databases: { readonly eventStore: TestDatabase; readonly readModels: TestDatabase };
const places: MillracePlace[] = [];

/** A place whose processes use the two databases as somebody; nobody in particular: as their owner. */
async function placeFor(part?: Part, more: NodeJS.ProcessEnv = {}): Promise<MillracePlace> {
  const place = await MillracePlace.make();
  places.push(place);
  const as = (url: string) => {
    const own = new URL(url);
    if (part !== undefined) {
      own.username = `${prefix}_${part}_1`;
      own.password = 'for this test';
    }
    return own.href;
  };
  Object.assign(place.env, {
    EVENT_STORE_URL: as(databases.eventStore.url),
    READ_MODELS_URL: as(databases.readModels.url),
    ...more,
  });
  return place;
}

async function ask<Row extends pg.QueryResultRow>(database: TestDatabase, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const healthOf = (port: number) =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    async (answer) => {
      const body: unknown = await answer.json();
      return { status: answer.status, body };
    },
    () => undefined,
  );

const told = [
  'outbox_pending_count',
  'relay_active',
  'events_processed_total',
  'consumer_active',
  'http_requests_total',
];

/** Names of the metrics that a process tells, with a database that each of its users may ask. */
async function metricsOf(port: number): Promise<Set<string>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).not.toMatch(/telemetry_scrape_failures_total\{[^}]*\} [1-9]/);
  return new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name = '']) => name));
}

beforeAll(async () => {
  databases = { eventStore: await createTestDatabase(), readModels: await createTestDatabase() };
});
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});
afterAll(async () => {
  for (const role of [...parts, 'reader'].flatMap((part) => [`${prefix}_${part}_1`, `${prefix}_${part}`])) {
    const [there] = await ask(databases.eventStore, `select from pg_roles where rolname = '${role}'`);
    if (there === undefined) continue;
    for (const database of Object.values(databases)) await ask(database, `drop owned by ${role} cascade`);
    await ask(databases.eventStore, `drop role ${role}`);
  }
  await Promise.all([databases.eventStore.drop(), databases.readModels.drop()]);
});

describe('API, relay and projector as processes of their own', () => {
  it('are prepared with one call, run with a user each, and carry a command to the read model and the ledger', async () => {
    const owner = await placeFor();
    const prepared = await owner.runWithApp('migrate', '--grants', prefix);
    expect(prepared).toMatchObject({ code: 0, err: '' });
    expect(prepared.out).toContain(`Rights are given to ${prefix}_api, ${prefix}_relay, ${prefix}_projector`);
    for (const part of parts) {
      await ask(
        databases.eventStore,
        `create role ${prefix}_${part}_1 login password 'for this test' in role ${prefix}_${part}`,
      );
    }

    const forbidden = await (await placeFor('api')).runWithApp('start', '--role', 'api');
    expect(forbidden).toMatchObject({ code: 1, out: '' });
    expect(forbidden.err).toContain('MIGRATION_FORBIDDEN');
    expect(forbidden.err).not.toContain('for this test');

    const ports = { relay: await freePort(), projector: await freePort() };
    const api = await placeFor('api', { MILLRACE_MIGRATE: 'no' });
    const relay = await placeFor('relay', { MILLRACE_MIGRATE: 'no', HEALTH_PORT: String(ports.relay) });
    const projector = await placeFor('projector', { MILLRACE_MIGRATE: 'no', HEALTH_PORT: String(ports.projector) });
    const running = {
      api: api.start('--role', 'api'),
      relay: relay.start('--role', 'relay'),
      projector: projector.start('--role', 'projector'),
    };
    await api.ready(running.api);
    await expect.poll(() => healthOf(ports.relay), { timeout: 20_000 }).toMatchObject({ status: 200 });
    await expect.poll(() => healthOf(ports.projector), { timeout: 20_000 }).toMatchObject({ status: 200 });
    const other = await fetch(`http://127.0.0.1:${ports.relay}/api/outbox/pending`);
    expect(other.status).toBe(404);

    const scraped = await Promise.all([api.port, ports.relay, ports.projector].map(metricsOf));
    expect(scraped.map((names) => [...names].filter((name) => told.includes(name)))).toEqual([
      ['outbox_pending_count', 'events_processed_total', 'http_requests_total'],
      ['outbox_pending_count', 'relay_active', 'http_requests_total'],
      ['events_processed_total', 'consumer_active', 'http_requests_total'],
    ]);

    const made = await fetch(`${api.url}/api/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: '1', name: 'a thing' }),
    });
    expect(made.status, await made.clone().text()).toBe(201);
    await expect.poll(() => ask(databases.readModels, 'select name from things')).toEqual([{ name: 'a thing' }]);
    await expect
      .poll(() => ask(databases.eventStore, 'select status from event_processing_lag'), { timeout: 10_000 })
      .toEqual([{ status: 'PROCESSED' }]);

    for (const part of parts) {
      const output = running[part].output();
      expect(output).toContain(`things runs as ${part}.`);
      expect(output).toContain(`postgres://${prefix}_${part}_1:***@`);
      expect(output).not.toContain('for%20this%20test');
      running[part].kill('SIGTERM');
      if (running[part].exitCode === null) await once(running[part], 'close');
      expect(running[part].exitCode, output).toBe(0);
    }
    expect(running.relay.output()).toContain('projectors read the log');
  });

  it('a taken port for health is said by its setting', async () => {
    const first = await freePort();
    const owner = await placeFor(undefined, { HEALTH_PORT: String(first) });
    const running = owner.start('--role', 'relay');
    await expect.poll(() => healthOf(first), { timeout: 20_000 }).toBeDefined();
    const second = await owner.runWithApp('start', '--role', 'relay');
    expect(second.code).toBe(1);
    expect(second.err).toContain(`PORT_TAKEN Port ${first} is taken. Set HEALTH_PORT to another one.`);
    running.kill('SIGTERM');
    await once(running, 'close');
  });

  it('a prefix that cannot begin a name is refused before anything is touched', async () => {
    const owner = await placeFor();
    const refused = await owner.runWithApp('migrate', '--grants', 'My Shop');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('SETTING_INVALID');
  });
});
