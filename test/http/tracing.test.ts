import { afterAll, beforeAll, expect, it } from 'vitest';
import { wallClock } from '../../src/events/wall-clock.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { forward, startServer, type Application, type RunningServer } from '../../src/server/index.ts';
import { startSystem } from '../../src/start-system.ts';
import { spanTable } from '../../src/telemetry/span-table.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import type { RunningTracing } from '../../src/tracing.ts';
import { exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';
import { eventOf, journey } from '../support/example-system.ts';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { application } from '../support/things-application.ts';
import { linkingTo, linkOf, spanIn, wayTo } from '../support/trace-spans.ts';

const caller = 'b7ad6b7169203331';
let traces = 0;
/** A trace that no other test has. */
const newTrace = () => `0af7651916cd43dd8448eb21${String(++traces).padStart(8, '0')}`;

let receiver: OtlpReceiver;
let tracing: RunningTracing;
let system: RunningSystem;
let server: RunningServer;
const ends: (() => Promise<unknown>)[] = [];

/** The things, all in one process that traces everything but what its callers do not. */
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  ends.push(async () => receiver[Symbol.asyncDispose]());
  tracing = await startTracing({
    endpoint: receiver.url,
    service: 'tests',
    sampler: 'parentbased_always_on',
    ratio: 0,
    delay: 20,
  });
  ends.push(() => tracing.stop());
  const [events, models] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  ends.push(() => Promise.all([events.drop(), models.drop()]));
  const urls = { eventStoreUrl: events.url, readModelsUrl: models.url };
  await migrateSystem(application.system, urls);
  system = await startSystem(application.system, { ...urls, tracing });
  ends.push(() => system.stop());
  const withOlderName: Application = {
    ...application,
    routes: async (to, running) => {
      await application.routes?.(to, running);
      to.get('/older-name', (request, reply) => forward(request, reply, { method: 'GET', url: '/openapi.json' }));
    },
  };
  server = await startServer(withOlderName, system, { host: '127.0.0.1', port: 0 });
  ends.push(() => server.stop());
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const make = (id: string, headers: Record<string, string> = {}, name = 'a thing') =>
  fetch(`${server.url}/api/things`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ id, name }),
  });

/** All spans of one trace, when there are as many as there have to be. */
async function spansOf(trace: string, count: number): Promise<readonly ReceivedSpan[]> {
  const found = (spans: readonly ReceivedSpan[]) => spans.filter(({ traceId }) => traceId === trace);
  await receiver.until(`${count} spans of ${trace}`, (spans) => found(spans).length >= count);
  return found(receiver.spans);
}

const metadataOf = async (stream: string) =>
  (await system.log.query([{ stream }])).map((event) => system.registry.decode(event).metadata);

it('S009 S023 S174: one request is one trace, from its caller to the read model, with links to the batches it was in', async () => {
  const trace = newTrace();
  const made = await make('1', {
    traceparent: `00-${trace}-${caller}-01`,
    tracestate: 'shop=7,other=a b',
    'x-correlation-id': 'order-7',
  });
  expect(made.status).toBe(201);
  const own = await spansOf(trace, 6);
  await receiver.until('the batch', (all) => all.some(({ name }) => name === 'batch things'));
  const { spans } = receiver;
  const find = (name: string) => spanIn(own, name);

  expect(own).toHaveLength(6);
  expect(find('POST /api/things')).toMatchObject({ parent: caller, kind: 2, tracestate: 'shop=7,other=a b' });
  expect(wayTo(spans, find('append'))).toEqual(['POST /api/things', 'command thing', 'append']);
  expect(wayTo(spans, find('apply things'))).toEqual([
    'POST /api/things',
    'command thing',
    'publish ThingMade',
    'deliver ThingMade',
    'apply things',
  ]);
  // The batches are traces of their own, and each is found from either side.
  const batches = { append: 'commit', 'publish ThingMade': 'relay', 'apply things': 'batch things' };
  for (const [part, batch] of Object.entries(batches)) {
    const other = linkOf(spans, find(part));
    expect(other).toMatchObject({ name: batch, parent: '' });
    expect(other?.traceId).not.toBe(trace);
    expect(other?.links.map(({ traceId }) => traceId)).toEqual([trace]);
  }
  const ofCommand = linkingTo(spans, find('command thing')).map(({ name }) => name);
  expect(ofCommand.toSorted()).toEqual(['commit', 'relay']);
  expect(linkingTo(spans, find('publish ThingMade')).map(({ name }) => name)).toEqual(['batch things']);
  // What the log keeps is the context of the command.
  const [metadata] = await metadataOf('thing-1');
  expect(metadata).toMatchObject({
    correlationId: 'order-7',
    traceparent: `00-${trace}-${find('command thing').spanId}-01`,
    tracestate: 'shop=7,other=a b',
  });
  expect(find('command thing').attributes['millrace.correlation_id']).toBe('order-7');
  // No stage begins before the one that it follows.
  const order = [
    'POST /api/things',
    'command thing',
    'append',
    'publish ThingMade',
    'deliver ThingMade',
    'apply things',
  ];
  const starts = order.map((name) => find(name).start);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
});

it('every span and every attribute stands in the table', async () => {
  const [first, second] = [newTrace(), newTrace()];
  await make('table', { traceparent: `00-${first}-${caller}-01` });
  await make('table', { traceparent: `00-${second}-${caller}-01` });
  await Promise.all([spansOf(first, 6), spansOf(second, 2)]);
  for (const { name, kind, attributes } of receiver.spans) {
    const entry = Object.values(spanTable).find((one) => one.name === name.split(' ')[0]) ?? spanTable.request;
    expect({ name, kind }).toEqual({ name, kind: entry.kind + 1 });
    expect(entry.attributes, name).toEqual(expect.arrayContaining(Object.keys(attributes)));
  }
  expect(spanIn(await spansOf(second, 2), 'command thing')).toMatchObject({
    failed: false,
    attributes: { 'millrace.outcome': 'refused', 'error.type': 'THING_EXISTS' },
  });
});

it('commands that share a transaction have links to it, and it to each of them', async () => {
  const before = receiver.spans.length;
  await Promise.all(Array.from({ length: 40 }, (_, n) => make(`many-${n}`)));
  const named = (name: string) => receiver.spans.slice(before).filter((span) => span.name === name);
  await receiver.until('all in the read model', () => named('apply things').length === 40);
  await receiver.until('all commands', () => named('command thing').length === 40);
  const { spans } = receiver;
  const commits = named('commit');
  expect(commits.length).toBeLessThan(40);
  const commands = named('command thing').map(({ spanId }) => spanId);
  expect(commits.flatMap(({ links }) => links.map(({ spanId }) => spanId)).toSorted()).toEqual(commands.toSorted());
  expect(named('append').map((append) => linkOf(spans, append)?.name)).toEqual(Array(40).fill('commit'));
});

it('a caller whose trace is not recorded gets no span, and its events carry nothing', async () => {
  const [quiet, loud] = [newTrace(), newTrace()];
  await make('quiet', { traceparent: `00-${quiet}-${caller}-00` });
  await make('loud', { traceparent: `00-${loud}-${caller}-01` });
  await spansOf(loud, 6);
  const [carried] = await metadataOf('thing-quiet');
  expect(carried).toBeDefined();
  expect(carried).not.toHaveProperty('traceparent');
  const about = receiver.spans.flatMap(({ traceId, links }) => [traceId, ...links.map((link) => link.traceId)]);
  expect(about).not.toContain(quiet);
});

it('health and metrics are not traced, and what meets no route shows no path', async () => {
  const trace = newTrace();
  const headers = { traceparent: `00-${trace}-${caller}-01` };
  for (const path of ['/health', '/health/ready', '/metrics', '/nowhere/canary-path?name=canary-query']) {
    await fetch(`${server.url}${path}`, { headers });
  }
  await fetch(`${server.url}/api/projections/health`, { headers });
  const names = (await spansOf(trace, 2)).map(({ name }) => name);
  expect(names).toEqual(['GET', 'GET /api/projections/health']);
});

it('a route that answers by another one is the parent of its span', async () => {
  const trace = newTrace();
  await fetch(`${server.url}/older-name`, { headers: { traceparent: `00-${trace}-${caller}-01` } });
  const spans = await spansOf(trace, 2);
  expect(wayTo(spans, spanIn(spans, 'GET /openapi.json'))).toEqual(['GET /older-name', 'GET /openapi.json']);
});

it('nothing of what a request holds is in a span', async () => {
  const trace = newTrace();
  const headers = { traceparent: `00-${trace}-${caller}-01` };
  await make('canary-id', headers, 'canary-name');
  await make('canary-id', { ...headers, authorization: 'Bearer canary-token' }, 'canary-name');
  await fetch(`${server.url}/api/events/canary-path?with=canary-query`, {
    headers: { ...headers, 'user-agent': 'canary-agent' },
  });
  await make('1', headers, 'canary-name\0');
  await spansOf(trace, 6 + 2 + 1 + 1);
  expect(Buffer.concat(receiver.bodies).toString('latin1')).not.toContain('canary');
});

/** Appends a parcel's way as a command of a recorded trace would. */
async function appendTraced(
  { registry }: ExampleDatabases,
  to: RunningSystem,
  trace: string,
  steps = journey('p1', ['north']),
): Promise<void> {
  const metadata = JSON.stringify({ correlationId: 'test', actor: 'test', traceparent: `00-${trace}-${caller}-01` });
  await to.log.append({
    events: steps.map((step) => {
      const { id, stream, type, data } = eventOf(step);
      return { id, stream, metadata, occurredAt: wallClock(), ...registry.encode({ type, data }) };
    }),
  });
}

it('a parked event shows as failed in its trace, its retry goes on in the same one, and a rebuild adds nothing', async () => {
  await using databases = await exampleDatabases();
  const [trace, marker] = [newTrace(), newTrace()];
  const parcels = await databases.start({ tracing });
  let broken = true;
  databases.example.trouble.throwFor = () => broken;
  await appendTraced(databases, parcels, trace);
  const applied = () => receiver.spans.filter(({ traceId, name }) => traceId === trace && name === 'apply parcels');
  await receiver.until('the parked event', () => applied().length === 1);
  broken = false;
  const [letter] = await parcels.deadLetters.list();
  await parcels.deadLetters.retry(letter?.id ?? 0, 'somebody');
  await receiver.until('the retry', () => applied().length === 2);
  expect(applied()).toMatchObject([
    { failed: true, attributes: { 'millrace.source': 'broker', 'millrace.outcome': 'parked' } },
    { parent: caller, failed: false },
  ]);
  expect(applied()[1]?.attributes).toMatchObject({
    'millrace.source': 'dead letter',
    'millrace.outcome': 'applied',
  });

  await parcels.projections.rebuild('parcels');
  // What is sent behind the rebuild arrives behind its spans, if there were any.
  await make('marker', { traceparent: `00-${marker}-${caller}-01` });
  await spansOf(marker, 6);
  expect(applied()).toHaveLength(2);
});

it('an event that was not delivered is read from the log into the same trace', async () => {
  await using databases = await exampleDatabases();
  const trace = newTrace();
  await appendTraced(databases, await databases.start({ roles: ['api', 'relay'] }), trace);
  await databases.start({ roles: ['projector'], tracing });
  const spans = await spansOf(trace, 1);
  expect(spans).toMatchObject([{ name: 'apply parcels', parent: caller, attributes: { 'millrace.source': 'log' } }]);
});

it('a timer’s command begins a trace of its own, and the correlation id leads back to what has set the timer', async () => {
  await using databases = await exampleDatabases({ timers: true });
  const trace = newTrace();
  const parcels = await databases.start({ tracing });
  await appendTraced(databases, parcels, trace, journey('t1', ['at-once']));
  const name = 'command deliver-parcel';
  await receiver.until('the timer', (all) => all.some((span) => span.name === name));
  const command = receiver.spans.find((span) => span.name === name);
  expect(command).toMatchObject({ parent: '', attributes: { 'millrace.correlation_id': 'test' } });
  expect(command?.traceId).not.toBe(trace);
});
