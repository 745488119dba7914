import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeadLetter, EventLag } from '../../../src/running-system.ts';
import { buildServer } from '../../../src/server/build-server.ts';
import type { MillraceServer, Problem } from '../../../src/server/index.ts';
import type { LiveFeeds } from '../../../src/server/live-feeds.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem, type FakeSystem } from '../../support/fake-system.ts';

let system: FakeSystem;
let server: MillraceServer;
let feeds: LiveFeeds;

beforeEach(async () => {
  system = fakeSystem(counterApplication.system);
  ({ server, feeds } = await buildServer(counterApplication, system));
});

afterEach(async () => {
  feeds.close();
  await server.close();
});

const get = (url: string) => server.inject({ method: 'GET', url });
const post = (url: string, payload?: object) =>
  server.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) });

const id = '019a0000-0000-7000-8000-000000000001';
const lag: EventLag = {
  eventId: id,
  eventName: 'Counted',
  aggregateId: 'a',
  position: 1,
  status: 'PROCESSED',
  createdAt: '2026-01-01T00:00:00.000Z',
  publishedAt: '2026-01-01T00:00:00.010Z',
  receivedAt: '2026-01-01T00:00:00.012Z',
  processedAt: '2026-01-01T00:00:00.020Z',
  outboxWaitMs: 9,
  outboxDispatchDurationMs: 1,
  transitMs: 2,
  projectionProcessingDurationMs: 8,
  totalLagMs: 20,
};
const letter: DeadLetter = {
  id: 7,
  projection: 'counts',
  orderingKey: 'a',
  position: 3,
  eventId: id,
  eventName: 'Counted',
  status: 'failed',
  error: 'no such row',
  attempts: 1,
  firstFailedAt: '2026-01-01T00:00:00.000Z',
  lastFailedAt: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: '2026-01-01T00:00:30.000Z',
  reason: null,
  actor: null,
};

describe('health', () => {
  test('is summed up, and is 200 as long as the process answers', async () => {
    system.fake.health = {
      status: 'degraded',
      ready: true,
      checks: [{ name: 'relay', healthy: false, detail: 'late' }],
    };
    const answer = await get('/health');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(system.fake.health);
  });

  test('not ready is 503, alive all the same', async () => {
    system.fake.health = { status: 'unhealthy', ready: false, checks: [] };
    expect((await get('/health/ready')).statusCode).toBe(503);
    expect((await get('/health/startup')).statusCode).toBe(503);
    expect((await get('/health/live')).statusCode).toBe(200);
  });

  test('started stays started when readiness is lost later', async () => {
    expect((await get('/health/startup')).statusCode).toBe(200);
    system.fake.health = { status: 'unhealthy', ready: false, checks: [] };
    expect((await get('/health/startup')).statusCode).toBe(200);
    expect((await get('/health/ready')).statusCode).toBe(503);
  });
});

describe('events', () => {
  test('come in pages, each saying where the next begins', async () => {
    for (let n = 0; n < 3; n++) await post('/api/counters/a', { by: 1 });
    await post('/api/counters/b', { by: 1 });
    const first = await get('/api/events/a?limit=2');
    expect(first.json()).toMatchObject({ id: 'a', count: 2, next: 2, events: [{ position: 1 }, { position: 2 }] });
    const second = await get('/api/events/a?after=2&limit=2');
    expect(second.json()).toMatchObject({
      count: 1,
      next: null,
      events: [{ version: 3, type: 'Counted', aggregateId: 'a', data: { counterId: 'a', by: 1 }, tags: ['counter:a'] }],
    });
  });

  test('of an unknown id are none', async () => {
    expect((await get('/api/events/nobody')).json()).toEqual({ id: 'nobody', count: 0, events: [], next: null });
  });

  test('the application decides what an id means', async () => {
    await post('/api/counters/a', { by: 1 });
    const own = await buildServer(
      { ...counterApplication, eventsOf: (name) => [{ tags: [`counter:${name}`] }] },
      system,
    );
    const answer = await own.server.inject('/api/events/a');
    expect(answer.json()).toMatchObject({ count: 1 });
    own.feeds.close();
    await own.server.close();
  });

  test('that wait for the relay are counted and shown', async () => {
    const pending = {
      eventId: id,
      position: 1,
      eventName: 'Counted',
      aggregateId: 'a',
      status: 'Pending',
      retryCount: 0,
    };
    system.fake.pending.push({
      ...pending,
      lastFailedAt: null,
      nextAttemptAt: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      ageMs: 40,
    });
    const answer = await get('/api/outbox/pending');
    expect(answer.json()).toMatchObject({ count: 1, oldestAgeMs: 40, events: [{ aggregateId: 'a' }] });
  });
});

describe('projections', () => {
  test('show how far they are', async () => {
    await post('/api/counters/a', { by: 1 });
    expect((await get('/api/projections/health')).json()).toMatchObject({
      isHealthy: true,
      projections: [{ projectionId: 'counts', headPosition: 1, behind: 1 }],
    });
    expect((await get('/api/projections/counts/checkpoint')).json()).toMatchObject({ position: 0, eventId: null });
    expect((await get('/api/projections/none/checkpoint')).statusCode).toBe(404);
  });

  test('a rebuild is accepted at once, and a second one is refused while it runs', async () => {
    const gate = Promise.withResolvers<void>();
    system.fake.rebuildGate = gate.promise;
    const first = await post('/api/projections/rebuild');
    expect(first.statusCode).toBe(202);
    expect(first.json()).toMatchObject({ rebuilds: [{ projection: 'counts', state: 'running' }] });
    const second = await post('/api/projections/rebuild', { projection: 'counts' });
    expect(second.statusCode).toBe(409);
    expect(second.json<Problem>().code).toBe('REBUILD_IN_PROGRESS');
    gate.resolve();
    await expect
      .poll(async () => (await get('/api/projections/rebuild')).json<object>())
      .toMatchObject({
        rebuilds: [{ state: 'done' }],
      });
  });

  test('a rebuild can be waited for', async () => {
    const answer = await post('/api/projections/rebuild?wait=true', { projection: 'counts' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ rebuilds: [{ state: 'done' }] });
  });

  test('a rebuild of nothing known is 404', async () => {
    expect((await post('/api/projections/rebuild', { projection: 'none' })).statusCode).toBe(404);
  });

  test('a misspelled field of a body that may be left out is named, and nothing else is', async () => {
    const answer = await post('/api/projections/rebuild', { projektion: 'counts' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      code: 'FIELD_UNKNOWN',
      fields: [{ field: 'projektion', problem: 'is unknown' }],
    });
    const wrong = await post('/api/projections/rebuild', { projection: 5 });
    expect(wrong.json<Problem>().fields?.map(({ field }) => field)).toEqual(['projection']);
  });

  test('a rebuild carries who asks and why, and its progress and builds are shown', async () => {
    const body = { projection: 'counts', reason: ' row changed by hand ', acceptDifferences: true };
    expect((await post('/api/projections/rebuild?wait=true', body)).statusCode).toBe(200);
    expect(system.fake.asked).toEqual([{ actor: 'anonymous', reason: 'row changed by hand', acceptDifferences: true }]);
    expect((await get('/api/projections/counts/rebuild')).json()).toMatchObject({
      rebuild: { state: 'done', differences: [] },
      generation: 2,
      old: null,
    });
    expect((await get('/api/projections/none/rebuild')).statusCode).toBe(404);
  });

  test('the progress of a rebuild is streamed to its end', async () => {
    expect((await get('/api/projections/counts/rebuild/stream')).statusCode).toBe(404);
    const gate = Promise.withResolvers<void>();
    system.fake.rebuildGate = gate.promise;
    await post('/api/projections/rebuild');
    const stream = get('/api/projections/counts/rebuild/stream');
    await expect.poll(() => system.fake.rebuildListeners.size).toBe(1);
    gate.resolve();
    const { headers, body } = await stream;
    expect(headers['content-type']).toContain('text/event-stream');
    expect([...body.matchAll(/"state":"(\w+)"/g)].map(([, state]) => state)).toEqual(['running', 'done']);
  });

  test('actions on a rebuild are passed on with who and why, and only known ones', async () => {
    expect((await post('/api/projections/counts/rebuild/pause', { reason: 'rush hour' })).statusCode).toBe(200);
    expect((await post('/api/projections/counts/rebuild/go-back')).statusCode).toBe(200);
    expect(system.fake.asked).toEqual([
      { action: 'pause', actor: 'anonymous', reason: 'rush hour' },
      { action: 'go-back', actor: 'anonymous' },
    ]);
    const refused = await post('/api/projections/counts/rebuild/confirm');
    expect(refused.statusCode).toBe(409);
    expect(refused.json<Problem>().code).toBe('REBUILD_NOT_RUNNING');
    expect((await post('/api/projections/counts/rebuild/explode')).statusCode).toBe(400);
    expect((await post('/api/projections/none/rebuild/pause')).statusCode).toBe(404);
  });

  test('what operators asked for is listed', async () => {
    expect((await get('/api/operations?open=true&limit=5')).json()).toEqual({ operations: [] });
    expect((await get('/api/operations?limit=0')).statusCode).toBe(400);
  });
});

describe('lag', () => {
  beforeEach(() => system.fake.lags.push(lag));

  test('is summed up over a range of days, both of them whole', async () => {
    const answer = await get('/api/metrics/lag?eventName=Counted&from=2026-02-19&to=2026-02-20&sample=1000');
    expect(answer.json()).toMatchObject({ eventName: 'Counted', count: 1, avgLagMs: 20, p95LagMs: 20 });
    const [from, to] = [new Date('2026-02-19T00:00:00.000Z'), new Date('2026-02-20T23:59:59.999Z')];
    expect(system.fake.asked).toEqual([{ eventName: 'Counted', from, to, sample: 1000 }]);
  });

  test('takes full times, also with a plus sign that arrived as a space', async () => {
    await get('/api/metrics/lag?from=2026-02-19T08:00:00Z&to=2026-02-19T10:30:00.5+01:00');
    expect(system.fake.asked).toEqual([
      { from: new Date('2026-02-19T08:00:00Z'), to: new Date('2026-02-19T09:30:00.5Z') },
    ]);
  });

  test.each([
    ['from=yesterday', 'from'],
    ['from=2026-02-31', 'from'],
    ['from=2026-13-01', 'from'],
    ['to=2026-02-19T25:00:00Z', 'to'],
    ['to=2026-02-19T10:00:00', 'to'],
    ['from=2026-02-20&to=2026-02-19', 'to'],
    ['sample=0', 'sample'],
  ])('refuses %s and names %s', async (query, field) => {
    const answer = await get(`/api/metrics/lag?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<Problem>().fields?.map((wrong) => wrong.field)).toEqual([field]);
  });

  test('of one event shows its way; an unknown one is 404', async () => {
    expect((await get(`/api/metrics/lag/${id}`)).json()).toEqual(lag);
    const answer = await get('/api/metrics/lag/evt-1');
    expect(answer.statusCode).toBe(404);
    expect(answer.json<Problem>().code).toBe('EVENT_NOT_FOUND');
  });

  test('the slowest and the newest are lists', async () => {
    expect((await get('/api/metrics/lag/slowest?limit=5&eventName=Counted')).json()).toEqual({
      count: 1,
      events: [lag],
    });
    expect((await get('/api/metrics/lag/recent')).json()).toEqual({ count: 1, events: [lag] });
  });
});

describe('dead letters', () => {
  beforeEach(() => system.fake.deadLetters.push(letter));

  test('are listed and counted', async () => {
    expect((await get('/api/dead-letters?open=true&projection=counts')).json()).toEqual({
      count: 1,
      deadLetters: [letter],
      next: null,
    });
    expect((await get('/api/dead-letters?open=false')).json()).toEqual({ count: 1, deadLetters: [], next: null });
  });

  test('are paged by id and filtered', async () => {
    system.fake.deadLetters.push({ ...letter, id: 9, orderingKey: 'b' });
    expect((await get('/api/dead-letters?limit=1')).json()).toMatchObject({ deadLetters: [{ id: 7 }], next: 7 });
    expect((await get('/api/dead-letters?limit=1&after=7')).json()).toMatchObject({
      deadLetters: [{ id: 9 }],
      next: null,
    });
    expect((await get('/api/dead-letters?orderingKey=b')).json()).toMatchObject({ deadLetters: [{ id: 9 }] });
    expect((await get('/api/dead-letters?status=lost')).statusCode).toBe(400);
  });

  test('one is shown with its event, as far as that can be read', async () => {
    expect((await get('/api/dead-letters/7')).json()).toEqual({ ...letter, behind: 0, first: 7, event: null });
    await post('/api/counters/a', { by: 1 });
    const eventId = (await system.log.read())[0]?.id ?? '';
    system.fake.deadLetters.push({ ...letter, id: 8, eventId });
    expect((await get('/api/dead-letters/8')).json()).toMatchObject({ event: { eventId, data: { by: 1 } } });
    expect((await get('/api/dead-letters/4711')).json<Problem>().code).toBe('DEAD_LETTER_UNKNOWN');
  });

  test('many are retried at once, with or without a reason', async () => {
    const none = { keys: 0, applied: 0, failedAgain: 0 };
    expect((await post('/api/dead-letters/retry-all', { projection: 'other' })).json()).toEqual(none);
    expect((await post('/api/dead-letters/retry-all', { reason: ' ' })).statusCode).toBe(400);
    expect((await post('/api/dead-letters/retry-all', { nobody: 1 })).statusCode).toBe(400);
    expect((await post('/api/dead-letters/retry-all')).json()).toMatchObject({ keys: 1, applied: 1 });
    expect(system.fake.deadLetters[0]).toMatchObject({ status: 'retried', actor: 'anonymous' });
  });

  test('of the broker have routes of their own', async () => {
    const refused = {
      id: 3,
      destination: 'rabbitmq',
      orderingKey: 'a',
      position: 3,
      eventId: id,
      eventName: 'Counted',
      status: 'MANUAL' as const,
      error: 'too large',
      attempts: 5,
      lastFailedAt: '2026-01-01T00:00:00.000Z',
      nextAttemptAt: null,
    };
    system.fake.refused.push(refused);
    const place = '/api/dead-letters/relay';
    expect((await get(place)).json()).toEqual({ count: 1, refused: [refused], next: null });
    expect((await get(`${place}/3`)).json()).toMatchObject({ id: 3, decisions: [], event: null });
    expect((await post(`${place}/3/retry`)).json()).toEqual({ keys: 1 });
    expect((await post(`${place}/retry-all`, { orderingKey: 'a', reason: 'again' })).json()).toEqual({ keys: 1 });
    expect((await post(`${place}/3/discard`, {})).statusCode).toBe(400);
    expect((await post(`${place}/3/discard`, { reason: 'too large' })).json()).toEqual({ left: 0 });
    expect((await post(`${place}/4/retry`)).json<Problem>().code).toBe('DEAD_LETTER_UNKNOWN');
  });

  test('a retry says what it did', async () => {
    expect((await post('/api/dead-letters/7/retry')).json()).toEqual({ applied: 1, left: 0 });
    expect((await post('/api/dead-letters/8/retry')).json<Problem>().code).toBe('DEAD_LETTER_UNKNOWN');
    expect((await post('/api/dead-letters/x/retry')).statusCode).toBe(400);
  });

  test('a discard wants a reason and keeps it', async () => {
    for (const body of [{}, { reason: '' }, { reason: '  ' }]) {
      expect((await post('/api/dead-letters/7/discard', body)).statusCode).toBe(400);
    }
    expect((await post('/api/dead-letters/7/discard', { reason: 'sent twice' })).statusCode).toBe(200);
    expect(system.fake.deadLetters[0]).toMatchObject({ status: 'discarded', reason: 'sent twice', actor: 'anonymous' });
  });
});

describe('metrics', () => {
  test('hold what dashboards ask for', async () => {
    system.fake.deadLetters.push(letter);
    await post('/api/counters/a', { by: 1 });
    const appliedAt = Date.now();
    const batch = { projection: 'counts', primary: true, seconds: 0.003, appliedAt };
    for (const listener of system.fake.appliedListeners)
      listener({ ...batch, events: [{ type: 'Counted', occurredAt: appliedAt - 20 }] });
    const { body, headers } = await get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    for (const line of [
      'event_processing_lag_ms{event_name="Counted"} 20',
      'event_processing_lag_seconds_bucket{le="0.01",event_name="Counted"} 0',
      'event_processing_lag_seconds_bucket{le="0.05",event_name="Counted"} 1',
      'event_processing_duration_seconds_bucket{le="0.005",projection="counts"} 1',
      'outbox_pending_count 0',
      'outbox_parked_count 0',
      'events_dispatched_total 1',
      'events_processed_total{projection="counts"} 0',
      'projection_behind_events{projection="counts"} 1',
      'dead_letters_open{projection="counts"} 1',
      'http_requests_total{method="POST",route="/api/counters/:id",status="201"} 1',
      'http_request_duration_seconds_count{method="POST",route="/api/counters/:id"} 1',
      'process_cpu_seconds_total',
    ]) {
      expect(body).toContain(line);
    }
  });

  test('of the process are readable while a database is away', async () => {
    system.log.head = () => Promise.reject(new Error('away'));
    await get('/nowhere');
    const { statusCode, body } = await get('/metrics');
    expect(statusCode).toBe(200);
    expect(body).toContain('http_requests_total{method="GET",route="unmatched",status="404"} 1');
    expect(body).toContain('telemetry_scrape_failures_total{part="log"} 1');
  });
});

describe('documentation', () => {
  test('describes every route, with the strictness that is kept and the answer to failures', async () => {
    const { paths } = (await get('/openapi.json')).json<{ paths: Record<string, Record<string, object>> }>();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/health', '/api/metrics/lag', '/api/dead-letters/{id}/discard', '/api/counters/{id}']),
    );
    expect(paths['/api/counters/{id}']?.post).toMatchObject({
      requestBody: { content: { 'application/json': { schema: { additionalProperties: false } } } },
      responses: { 201: {}, default: { content: { 'application/problem+json': {} } } },
    });
  });

  test('has a page to try it that asks no other host', async () => {
    const page = await get('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(page.headers['content-security-policy']).not.toMatch(/https:|upgrade-insecure/);
    expect((await get('/docs/static/swagger-ui-bundle.js')).statusCode).toBe(200);
  });
});
