import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventMetadata } from '../../../src/events/envelope.ts';
import { buildServer } from '../../../src/server/build-server.ts';
import type { MillraceServer, Problem } from '../../../src/server/index.ts';
import type { LiveFeeds } from '../../../src/server/live-feeds.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem } from '../../support/fake-system.ts';

const system = fakeSystem(counterApplication.system);
let server: MillraceServer;
let feeds: LiveFeeds;

beforeAll(async () => {
  ({ server, feeds } = await buildServer(counterApplication, system, {
    identify: (request) => String(request.headers['x-test-actor'] ?? 'anonymous'),
  }));
});

afterAll(async () => {
  feeds.close();
  await server.close();
});

function post(id: string, body: object, headers: Record<string, string> = {}) {
  return server.inject({ method: 'POST', url: `/api/counters/${id}`, headers, payload: body });
}

async function metadataOf(stream: string): Promise<EventMetadata[]> {
  const events = await system.log.query([{ stream }]);
  return events.map((event) => system.registry.decode(event).metadata);
}

test('a command is answered with its position and what the route makes of its events', async () => {
  const answer = await post('answered', { by: 1 });
  expect(answer.statusCode).toBe(201);
  expect(answer.json()).toEqual({ counterId: 'answered', events: 1, position: (await system.log.head()).position });
});

test('a correlation id that came along reaches the event and the answer, by either name', async () => {
  for (const name of ['X-Correlation-Id', 'Correlation-ID']) {
    const answer = await post(name, { by: 1 }, { [name]: 'order-7.a_b' });
    expect(answer.headers['x-correlation-id']).toBe('order-7.a_b');
    expect((await metadataOf(name))[0]?.correlationId).toBe('order-7.a_b');
  }
});

test.each(['', 'a b', 'x'.repeat(129), 'ä', '<script>'])(
  'the unusable correlation id %j is replaced',
  async (given) => {
    const answer = await server.inject({ method: 'GET', url: '/health/live', headers: { 'x-correlation-id': given } });
    expect(answer.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  },
);

test('failures carry the correlation id that came along', async () => {
  const headers = { 'x-correlation-id': 'mine' };
  for (const url of ['/nowhere', '/api/defect', '/api/events/%E0%A4%A']) {
    const answer = await server.inject({ method: 'GET', url, headers });
    expect(answer.headers['x-correlation-id']).toBe('mine');
    expect(answer.json<Problem>().correlationId).toBe('mine');
  }
});

test('a well-formed trace context reaches the event, another one does not', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await post('traced', { by: 1 }, { traceparent });
  await post('traced', { by: 1 }, { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` });
  await post('traced', { by: 1 }, { traceparent: 'nonsense' });
  expect((await metadataOf('traced')).map((metadata) => metadata.traceparent)).toEqual([
    traceparent,
    undefined,
    undefined,
  ]);
});

let states = 0;
test.each([
  ['shop=7', true],
  ['shop=7,other@place=a b', true],
  ['shop=7 , other=a b', true],
  // Spaces that could be of a value or of what separates it: a pattern that tries all ways would never end.
  [`${'a=b            ,'.repeat(30)}!`, false],
  ['', false],
  ['shop', false],
  ['Shop=7', false],
  ['shop=7,', false],
  ['shop=ä', false],
  [`shop=${'x'.repeat(600)}`, false],
  [Array.from({ length: 33 }, (_, n) => `s${n}=1`).join(','), false],
])('what tracing systems pass along (%$) goes with the context when it is sound', async (tracestate, isSound) => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const stream = `state-${++states}`;
  await post(stream, { by: 1 }, { traceparent, tracestate });
  await post(stream, { by: 1 }, { tracestate });
  expect((await metadataOf(stream)).map((metadata) => metadata.tracestate)).toEqual([
    isSound ? tracestate : undefined,
    undefined,
  ]);
});

test('who sent a command stands in the event', async () => {
  await post('acted', { by: 1 }, { 'x-test-actor': 'ada' });
  await post('acted', { by: 1 });
  expect((await metadataOf('acted')).map(({ actor }) => actor)).toEqual(['ada', 'anonymous']);
});

test('the same key with the same request answers again, marked, and stores nothing', async () => {
  const headers = { 'idempotency-key': 'again' };
  const first = await post('keyed', { by: 1 }, headers);
  const second = await post('keyed', { by: 1 }, headers);
  expect(first.headers['idempotency-replayed']).toBeUndefined();
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(second.statusCode).toBe(201);
  expect(second.json()).toEqual(first.json());
  expect(await metadataOf('keyed')).toHaveLength(1);
});

test('the same key with another body, or for another thing, is refused', async () => {
  const headers = { 'x-idempotency-key': 'reused' };
  await post('reused', { by: 1 }, headers);
  for (const answer of [await post('reused', { by: 2 }, headers), await post('reused-2', { by: 1 }, headers)]) {
    expect(answer.statusCode).toBe(422);
    expect(answer.json<Problem>().code).toBe('KEY_REUSED');
  }
});

test('two callers may use the same key', async () => {
  const first = await post('shared', { by: 1 }, { 'idempotency-key': 'same', 'x-test-actor': 'ada' });
  const second = await post('shared', { by: 1 }, { 'idempotency-key': 'same', 'x-test-actor': 'bob' });
  expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
  expect(await metadataOf('shared')).toHaveLength(2);
});

test('a key that cannot be one is refused by name', async () => {
  const answer = await post('bad-key', { by: 1 }, { 'idempotency-key': 'x'.repeat(201) });
  expect(answer.statusCode).toBe(400);
  expect(answer.json<Problem>()).toMatchObject({ code: 'KEY_INVALID', fields: [{ field: 'Idempotency-Key' }] });
});
