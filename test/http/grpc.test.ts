import { status } from '@grpc/grpc-js';
import http2 from 'node:http2';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MillraceError } from '../../src/errors.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/index.ts';
import { counterApplication } from '../support/counter-application.ts';
import { fakeSystem, type FakeSystem } from '../support/fake-system.ts';
import { GrpcClient, healthProto, loadForClient } from '../support/grpc-client.ts';

const proto = fileURLToPath(new URL('../support/counters.proto', import.meta.url));
const name = 'tests.counters.v1.Counters';

let system: FakeSystem;
let server: RunningServer;
let client: GrpcClient;
const clients: GrpcClient[] = [];

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await startServer(counterApplication, system, {
    host: '127.0.0.1',
    port: 0,
    grpc: { port: 0 },
    ...options,
  });
  client = clientOf(loadForClient(proto), name);
}

function clientOf(found: ReturnType<typeof loadForClient>, service: string): GrpcClient {
  const made = new GrpcClient(server.grpc ?? '', found, service);
  clients.push(made);
  return made;
}

beforeEach(async () => {
  system = fakeSystem(counterApplication.system);
  await start();
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.stop();
});

describe('a call', () => {
  test('has the effect of its route, and answers what the route answers', async () => {
    const { reply, metadata } = await client.call('Count', { id: 'a', by: 3 }, { 'x-correlation-id': 'my-way' });
    expect(reply).toEqual({ counterId: 'a', events: 1, position: '1' });
    expect(metadata.get('x-correlation-id')).toEqual(['my-way']);
    const events: unknown = await (await fetch(`${server.url}/api/events/a`)).json();
    expect(events).toMatchObject({
      events: [{ data: { counterId: 'a', by: 3 }, metadata: { correlationId: 'my-way' } }],
    });
  });

  test('carries its trace context on', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await client.call('Count', { id: 'a', by: 3 }, { traceparent, tracestate: 'shop=7' });
    const [event] = await system.log.query([{ stream: 'a' }]);
    expect(JSON.parse(event?.metadata ?? '')).toMatchObject({ traceparent, tracestate: 'shop=7' });
  });

  test('with an idempotency key that was used has no second effect, and says so', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await client.call('Count', { id: 'a', by: 3 }, key);
    const again = await client.call('Count', { id: 'a', by: 3 }, key);
    expect(again.reply).toEqual(first.reply);
    expect(first.metadata.get('idempotency-replayed')).toEqual([]);
    expect(again.metadata.get('idempotency-replayed')).toEqual(['true']);
    expect(await client.failure('Count', { id: 'a', by: 4 }, key)).toMatchObject({
      status: status.INVALID_ARGUMENT,
      reason: 'KEY_REUSED',
    });
  });

  test('that is refused says why in its details', async () => {
    const failure = await client.failure('Count', { id: 'a', by: 11 }, { 'x-correlation-id': 'way-2' });
    expect(failure).toMatchObject({
      status: status.FAILED_PRECONDITION,
      message: 'The counter counts to ten.',
      details: {
        ErrorInfo: { reason: 'COUNTER_FULL', domain: 'millrace', metadata: { correlationId: 'way-2' } },
        BadRequest: { fieldViolations: [{ field: 'by', description: 'full' }] },
      },
    });
    expect(failure.metadata.get('x-correlation-id')).toEqual(['way-2']);
  });

  test('that leaves a number out is told that it is needed, and never counts as 0', async () => {
    const failure = await client.failure('Count', { id: 'a' });
    expect(failure).toMatchObject({ status: status.INVALID_ARGUMENT, reason: 'REQUEST_INVALID' });
    expect(failure.details['BadRequest']).toEqual({ fieldViolations: [{ field: 'by', description: 'is required' }] });
    expect(await client.failure('Count', { id: 'a', by: 0 })).toMatchObject({ reason: 'NOTHING_TO_COUNT' });
  });

  test('that fails by a defect of ours says nothing of it', async () => {
    const failure = await client.failure('Break', {});
    expect(failure).toMatchObject({ status: status.INTERNAL, reason: 'INTERNAL_ERROR' });
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('secret');
  });

  test('to a part that is away tells when to come again', async () => {
    system.fake.queryFailure = new MillraceError('STORE_UNAVAILABLE', 'away');
    const failure = await client.failure('ListCounters', {});
    expect(failure).toMatchObject({
      status: status.UNAVAILABLE,
      reason: 'STORE_UNAVAILABLE',
      details: { RetryInfo: { retryDelay: { seconds: '1' } } },
    });
    expect(failure.metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
  });

  test('lists, with the position to wait for as a whole number of 64 bits', async () => {
    system.fake.put('counter_view', 'id', { id: 'a', count: 3, position: 4 }, 4);
    const { reply } = await client.call('ListCounters', { minPosition: '4' });
    expect(reply).toEqual({ counters: [{ id: 'a', count: 3, position: '4' }] });
    expect(await client.failure('ListCounters', { minPosition: '9007199254740993' })).toMatchObject({
      status: status.INVALID_ARGUMENT,
      reason: 'REQUEST_INVALID',
    });
  });

  test('that has no time left ends, and the server goes on', async () => {
    const gate = Promise.withResolvers<void>();
    const { readModels } = system;
    Object.assign(system, { readModels: { ...readModels, query: () => gate.promise.then(() => []) } });
    const failure = await client.failure('ListCounters', {}, {}, { deadline: Date.now() + 100 });
    expect(failure.status).toBe(status.DEADLINE_EXCEEDED);
    gate.resolve();
    Object.assign(system, { readModels });
    expect((await client.call('ListCounters', {})).reply).toEqual({});
  });

  test('that is larger than a body may be is refused', async () => {
    const failure = await client.failure('Count', { id: 'a', by: 1, name: 'x'.repeat(70_000) });
    expect(failure.status).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('is counted by its method and status', async () => {
    await client.call('Count', { id: 'a', by: 1 });
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toContain(`grpc_calls_total{method="${name}/Count",code="0"} 1`);
  });

  test.each([
    ['a path that leads elsewhere', '../../metrics'],
    ['a path with a question mark', 'a?by=2'],
    ['a way up', '..'],
    ['what a replacement would take for itself', '$&'],
    ['nothing', ''],
  ])('reaches its own route only, whatever stands in a path parameter: %s', async (_what, id) => {
    const outcome = await client.call('Count', { id, by: 1 }).then(
      ({ reply }) => reply['counterId'],
      (error: { code: number }) => error.code,
    );
    expect([id, status.INVALID_ARGUMENT]).toContain(outcome);
  });
});

describe('a live stream', () => {
  async function listen(request: object) {
    const stream = client.watch('WatchCounters', request);
    const messages: object[] = [];
    const ended = new Promise<{ code: number }>((resolve) => stream.once('status', resolve));
    stream.on('data', (message: object) => messages.push(message));
    stream.on('error', () => undefined);
    await expect.poll(() => messages.length).toBeGreaterThan(0);
    return { stream, messages, ended };
  }
  const put = (id: string, position: number) =>
    system.fake.put('counter_view', 'id', { id, count: position, position }, position);

  test('tells the present and then every changed row', async () => {
    put('a', 4);
    const { messages, stream } = await listen({});
    put('b', 5);
    system.fake.changed();
    await expect
      .poll(() => messages)
      .toEqual([
        { position: '4', hello: {} },
        { position: '5', counters: { rows: [{ id: 'b', count: 5, position: '5' }] } },
      ]);
    stream.cancel();
  });

  test('fills the gap of a client that comes back, narrowed by its filter', async () => {
    put('a', 1);
    put('b', 2);
    put('a', 3);
    const { messages, stream } = await listen({ after: '1', counterId: 'a' });
    await expect
      .poll(() => messages)
      .toEqual([
        { position: '3', hello: {} },
        { position: '3', counters: { rows: [{ id: 'a', count: 3, position: '3' }] } },
      ]);
    stream.cancel();
  });

  test('tells a client that is ahead to load again', async () => {
    const { messages, stream } = await listen({ after: '8' });
    await expect.poll(() => messages.at(-1)).toEqual({ position: '0', reset: { reason: 'after-ahead' } });
    stream.cancel();
  });

  test('takes no more clients than fit', async () => {
    await server.stop();
    await start({ live: { mostSubscribers: 1 } });
    const { stream } = await listen({});
    const second = client.watch('WatchCounters', {});
    second.on('error', () => undefined);
    second.resume();
    const { code } = await new Promise<{ code: number }>((resolve) => second.once('status', resolve));
    expect(code).toBe(status.UNAVAILABLE);
    stream.cancel();
  });

  test('of a client that went away leaves nothing behind', async () => {
    const { stream } = await listen({});
    const listeners = async () =>
      /^live_subscribers\{feed="counters"\} (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
    expect(await listeners()).toBe('1');
    stream.cancel();
    await expect.poll(listeners).toBe('0');
  });

  test('of a client that takes nothing is cut, and the others hear on', async () => {
    const session = http2.connect(`http://${server.grpc ?? ''}`);
    session.on('error', () => undefined);
    const slow = session.request({
      ':method': 'POST',
      ':path': `/${name}/WatchCounters`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let isCut = false;
    slow.once('aborted', () => (isCut = true));
    slow.on('error', () => (isCut = true));
    // An empty message. What comes back is never read.
    slow.end(Buffer.alloc(5));
    await new Promise((resolve) => slow.once('response', resolve));
    const { messages, stream } = await listen({});
    const text = 'x'.repeat(5_000);
    let position = 0;
    while (!isCut) {
      expect(position, 'bytes that waited for the slow client, by 5,000').toBeLessThan(2_000);
      for (let row = 0; row < 100; row++) {
        position++;
        system.fake.put('counter_view', 'id', { id: `${row}-${text}`, count: position, position }, position);
      }
      system.fake.changed();
      await expect.poll(() => positionOf(messages.at(-1))).toBe(position);
    }
    expect(slow.rstCode).toBe(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
    stream.cancel();
  });

  test('ends with UNAVAILABLE when the server stops', async () => {
    const { ended } = await listen({});
    await server.stop();
    expect((await ended).code).toBe(status.UNAVAILABLE);
  });
});

function positionOf(message: object | undefined): number {
  return message !== undefined && 'position' in message ? Number(message.position) : 0;
}

describe('the server', () => {
  test('tells by the health protocol whether commands can be accepted', async () => {
    const health = clientOf(loadForClient(healthProto), 'grpc.health.v1.Health');
    expect((await health.call('Check', {})).reply).toEqual({ status: 'SERVING' });
    expect((await health.call('Check', { service: name })).reply).toEqual({ status: 'SERVING' });
    expect(await health.failure('Check', { service: 'other' })).toMatchObject({ status: status.NOT_FOUND });
    const stream = health.watch('Watch', {});
    const heard: object[] = [];
    stream.on('data', (message: object) => heard.push(message));
    stream.on('error', () => undefined);
    await expect.poll(() => heard).toEqual([{ status: 'SERVING' }]);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    await server.stop();
    await ended;
    expect(heard).toEqual([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
  });

  test('says that the port is taken, naming the setting, or takes the next one', async () => {
    const port = Number(server.grpc?.split(':')[1]);
    const other = fakeSystem(counterApplication.system);
    const options = { host: '127.0.0.1', port: 0 } as const;
    await expect(startServer(counterApplication, other, { ...options, grpc: { port } })).rejects.toThrow(/GRPC_PORT/);
    const second = await startServer(counterApplication, other, { ...options, grpc: { port, orNextFree: true } });
    expect(Number(second.grpc?.split(':')[1])).toBeGreaterThan(port);
    await second.stop();
  });

  test.each([
    ['a method without a route', { methods: {} }, /has no route/],
    ['a route without a method', { methods: { 'a.B/C': { route: 'GET /x' } } }, /is in no \.proto file/],
    ['a feed that is not there', { streams: { [`${name}/WatchCounters`]: { feed: 'none' } } }, /no feed none/],
  ])('refuses to start with %s', async (_what, change, message) => {
    const grpc = counterApplication.grpc;
    if (grpc === undefined) throw new Error('no gRPC');
    const application = { ...counterApplication, grpc: { ...grpc, ...change } };
    const other = fakeSystem(counterApplication.system);
    await expect(startServer(application, other, { host: '127.0.0.1', port: 0, grpc: { port: 0 } })).rejects.toThrow(
      message,
    );
  });
});
