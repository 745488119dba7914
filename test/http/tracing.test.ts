import { afterEach, expect, it } from 'vitest';
import { wallClock } from '../../src/events/wall-clock.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startServer } from '../../src/server/index.ts';
import { startSystem } from '../../src/start-system.ts';
import { spanTable } from '../../src/telemetry/span-table.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import { exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';
import { eventOf, journey, type Step } from '../support/example-system.ts';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { application } from '../support/things-application.ts';
import { linkingTo, linkOf, spanIn, wayTo } from '../support/trace-spans.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const caller = 'b7ad6b7169203331';
const recorded = `00-${trace}-${caller}-01`;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function receiverAndTracing(sampler: 'always_on' | 'parentbased_always_off' = 'always_on') {
  const receiver = await OtlpReceiver.start();
  ends.push(() => receiver[Symbol.asyncDispose]());
  const tracing = await startTracing({ endpoint: receiver.url, service: 'tests', sampler, ratio: 1, delay: 20 });
  ends.push(() => tracing.stop());
  return { receiver, tracing };
}

/** The things, all in this process. */
async function things(sampler?: 'parentbased_always_off') {
  const { receiver, tracing } = await receiverAndTracing(sampler);
  const [events, models] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  ends.push(() => Promise.all([events.drop(), models.drop()]));
  const urls = { eventStoreUrl: events.url, readModelsUrl: models.url };
  await migrateSystem(application.system, urls);
  const system = await startSystem(application.system, { ...urls, tracing });
  ends.push(() => system.stop());
  const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
  ends.push(() => server.stop());
  const make = (id: string, headers: Record<string, string> = {}, name = 'a thing') =>
    fetch(`${server.url}/api/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ id, name }),
    });
  return { receiver, tracing, system, server, make };
}

const metadataOf = async (system: RunningSystem, stream: string) =>
  (await system.log.query([{ stream }])).map((event) => system.registry.decode(event).metadata);

const applied = (spans: readonly ReceivedSpan[], name = 'apply things') => spans.filter((span) => span.name === name);

it('S009 S174: one request is one trace, from its caller to the read model, with links to the batches that it was part of', async () => {
  const { receiver, system, make } = await things();
  const made = await make('1', { traceparent: recorded, tracestate: 'shop=7,other=a b', 'x-correlation-id': 'order-7' });
  expect(made.status).toBe(201);
  await receiver.until('the read model', (spans) => applied(spans).length > 0);
  await receiver.until('the answer', (spans) => spans.some(({ kind }) => kind === 2));
  const { spans } = receiver;
  const find = (name: string) => spanIn(spans, trace, name);

  expect(spans.filter(({ traceId }) => traceId === trace)).toHaveLength(6);
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
  expect(linkingTo(spans, find('command thing')).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['commit', 'relay']),
  );
  // What the log keeps is the context of the command.
  const [metadata] = await metadataOf(system, 'thing-1');
  expect(metadata).toMatchObject({
    correlationId: 'order-7',
    traceparent: `00-${trace}-${find('command thing').spanId}-01`,
    tracestate: 'shop=7,other=a b',
  });
  expect(find('command thing').attributes['millrace.correlation_id']).toBe('order-7');
  // No stage begins before the one that it follows.
  const order = ['POST /api/things', 'command thing', 'append', 'publish ThingMade', 'deliver ThingMade', 'apply things'];
  const starts = order.map((name) => find(name).start);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
});

it('every span and every attribute stands in the table', async () => {
  const { receiver, make } = await things();
  await make('1');
  await make('1');
  await receiver.until('the read model', (spans) => applied(spans).length > 0);
  await receiver.until('the answers', (spans) => spans.filter(({ kind }) => kind === 2).length === 2);
  for (const { name, kind, attributes } of receiver.spans) {
    const entry = Object.values(spanTable).find((one) => one.name === name.split(' ')[0]) ?? spanTable.request;
    expect({ name, kind }).toEqual({ name, kind: entry.kind + 1 });
    expect(entry.attributes, name).toEqual(expect.arrayContaining(Object.keys(attributes)));
  }
  const refused = receiver.spans.filter(({ attributes }) => attributes['millrace.outcome'] === 'refused');
  expect(refused).toMatchObject([{ name: 'command thing', failed: false, attributes: { 'error.type': 'THING_EXISTS' } }]);
});

it('commands that share a transaction have links to it, and it to each of them', async () => {
  const { receiver, make } = await things();
  await Promise.all(Array.from({ length: 40 }, (_, n) => make(`many-${n}`)));
  await receiver.until('all in the read model', (spans) => applied(spans).length === 40);
  const { spans } = receiver;
  const appends = applied(spans, 'append');
  expect(appends).toHaveLength(40);
  const commits = applied(spans, 'commit');
  expect(commits.length).toBeLessThan(40);
  const commands = applied(spans, 'command thing').map(({ spanId }) => spanId);
  expect(commits.flatMap(({ links }) => links.map(({ spanId }) => spanId)).toSorted()).toEqual(commands.toSorted());
  for (const append of appends) expect(linkOf(spans, append)?.name).toBe('commit');
});

it('a caller whose trace is not recorded gets no span, and its events carry nothing', async () => {
  const { receiver, tracing, system, make } = await things('parentbased_always_off');
  await make('quiet', { traceparent: `00-${trace}-${caller}-00` });
  await make('own');
  await make('loud', { traceparent: recorded });
  await receiver.until('the read model', (spans) => applied(spans).length > 0);
  expect(await metadataOf(system, 'thing-quiet')).toEqual([expect.not.objectContaining({ traceparent: expect.anything() })]);
  expect(await metadataOf(system, 'thing-own')).toEqual([expect.not.objectContaining({ traceparent: expect.anything() })]);
  await tracing.stop();
  expect(new Set(receiver.spans.map(({ name, traceId }) => (/^(commit|relay|batch)/.test(name) ? trace : traceId)))).toEqual(
    new Set([trace]),
  );
  for (const { links } of receiver.spans.filter(({ name }) => /^(commit|relay|batch)/.test(name))) {
    expect(links.map(({ traceId }) => traceId)).toEqual([trace]);
  }
});

it('health and metrics are not traced, and what meets no route shows no path', async () => {
  const { receiver, tracing, server, make } = await things();
  for (const path of ['/health', '/health/ready', '/metrics', '/nowhere/Ann-Example?name=Ann-Example']) {
    await fetch(`${server.url}${path}`);
  }
  await make('1');
  await receiver.until('the answer', (spans) => spans.some(({ name }) => name === 'POST /api/things'));
  await tracing.stop();
  expect(receiver.spans.filter(({ kind }) => kind === 2).map(({ name }) => name)).toEqual(['GET', 'POST /api/things']);
});

it('nothing of what a request holds is in a span', async () => {
  const { receiver, tracing, server, make } = await things();
  await make('canary-id', {}, 'canary-name');
  await make('canary-id', { authorization: 'Bearer canary-token' }, 'canary-name');
  await fetch(`${server.url}/api/events/canary-path?with=canary-query`, { headers: { 'user-agent': 'canary-agent' } });
  await make('1', {}, 'canary-name\0');
  await receiver.until('the read model', (spans) => applied(spans).length > 0);
  await tracing.stop();
  expect(receiver.spans.length).toBeGreaterThan(8);
  expect(Buffer.concat(receiver.bodies).toString('latin1')).not.toContain('canary');
});

/** Appends steps as a command of a recorded trace would. */
async function appendTraced({ registry }: ExampleDatabases, system: RunningSystem, steps: readonly Step[]) {
  const metadata = JSON.stringify({ correlationId: 'test', actor: 'test', traceparent: recorded });
  await system.log.append({
    events: steps.map((step) => {
      const { id, stream, type, data } = eventOf(step);
      return { id, stream, metadata, occurredAt: wallClock(), ...registry.encode({ type, data }) };
    }),
  });
}

it('a parked event shows as failed in its trace, its retry goes on in the same one, and a rebuild adds nothing', async () => {
  const { receiver, tracing } = await receiverAndTracing();
  const databases = await exampleDatabases();
  ends.push(async () => databases[Symbol.asyncDispose]());
  const system = await databases.start({ tracing });
  let broken = true;
  databases.example.trouble.throwFor = () => broken;
  await appendTraced(databases, system, journey('p1', ['north']));
  const ofTrace = () => applied(receiver.spans, 'apply parcels');
  await receiver.until('the parked event', () => ofTrace().length === 1);
  broken = false;
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'somebody');
  await receiver.until('the retry', () => ofTrace().length === 2);
  expect(ofTrace()).toMatchObject([
    { traceId: trace, failed: true, attributes: { 'millrace.source': 'broker', 'millrace.outcome': 'parked' } },
    { traceId: trace, parent: caller, failed: false },
  ]);
  expect(ofTrace()[1]?.attributes).toMatchObject({ 'millrace.source': 'dead letter', 'millrace.outcome': 'applied' });

  await system.projections.rebuild('parcels');
  await tracing.stop();
  expect(ofTrace()).toHaveLength(2);
});

it('an event that was not delivered is read from the log into the same trace', async () => {
  const { receiver, tracing } = await receiverAndTracing();
  const databases = await exampleDatabases();
  ends.push(async () => databases[Symbol.asyncDispose]());
  const relay = await databases.start({ roles: ['api', 'relay'] });
  await appendTraced(databases, relay, journey('p1', ['north']));
  await databases.start({ roles: ['projector'], tracing });
  await receiver.until('the read model', (spans) => applied(spans, 'apply parcels').length === 1);
  expect(receiver.spans.find(({ name }) => name === 'apply parcels')).toMatchObject({
    traceId: trace,
    parent: caller,
    attributes: { 'millrace.source': 'log' },
  });
  expect(receiver.spans.filter(({ name }) => name.startsWith('deliver'))).toEqual([]);
});
