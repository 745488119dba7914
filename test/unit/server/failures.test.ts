import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MillraceError } from '../../../src/errors.ts';
import { buildServer } from '../../../src/server/build-server.ts';
import type { MillraceServer, Problem } from '../../../src/server/index.ts';
import type { LiveFeeds } from '../../../src/server/live-feeds.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem } from '../../support/fake-system.ts';

const system = fakeSystem(counterApplication.system);
let server: MillraceServer;
let feeds: LiveFeeds;

beforeAll(async () => {
  ({ server, feeds } = await buildServer(counterApplication, system));
});

afterAll(async () => {
  feeds.close();
  await server.close();
});

type Method = 'GET' | 'POST' | 'PUT';

async function send(method: Method, url: string, payload?: string | Buffer, headers: Record<string, string> = {}) {
  const type = payload === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await server.inject({
    method,
    url,
    headers: { ...type, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { answer, problem: answer.json<Problem>() };
}

const count = '/api/counters/a';

describe('a failure is answered with problem details of its own code', () => {
  test.each<[string, Method, string, string | Buffer | undefined, number, string]>([
    ['an unknown path', 'GET', '/nowhere', undefined, 404, 'ROUTE_NOT_FOUND'],
    ['an unknown path with a broken body', 'POST', '/nowhere', '{', 404, 'ROUTE_NOT_FOUND'],
    ['a wrong method', 'PUT', count, '{}', 405, 'METHOD_NOT_ALLOWED'],
    ['a wrong encoding in the path', 'GET', '/api/events/%E0%A4%A', undefined, 400, 'URL_INVALID'],
    ['a part of the path that is too long', 'GET', `/api/events/${'x'.repeat(600)}`, undefined, 414, 'URL_TOO_LONG'],
    ['an id that is longer than ids are', 'GET', `/api/events/${'x'.repeat(300)}`, undefined, 400, 'REQUEST_INVALID'],
    ['broken JSON', 'POST', count, '{"by":1', 400, 'JSON_INVALID'],
    ['bytes that are not UTF-8', 'POST', count, Buffer.from([0x22, 0xff, 0x22]), 400, 'JSON_INVALID'],
    ['a key that reaches the prototype', 'POST', count, '{"by":1,"__proto__":{"x":1}}', 400, 'JSON_INVALID'],
    ['a constructor that reaches it', 'POST', count, '{"by":1,"constructor":{"prototype":{}}}', 400, 'JSON_INVALID'],
    ['a NUL character', 'POST', count, String.raw`{"by":1,"name":"\u0000"}`, 400, 'JSON_INVALID'],
    ['half of a surrogate pair', 'POST', count, String.raw`{"by":1,"name":"\ud800"}`, 400, 'JSON_INVALID'],
    ['a NUL character in the path', 'GET', '/api/events/a%00b', undefined, 400, 'URL_INVALID'],
    ['a NUL character in the query', 'GET', '/api/metrics/lag?eventName=%00', undefined, 400, 'URL_INVALID'],
    ['nesting without end', 'POST', count, `{"by":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 400, 'REQUEST_INVALID'],
    [
      'nesting without end, with an escape',
      'POST',
      count,
      String.raw`{"by":${'['.repeat(30_000)}"\u0041"${']'.repeat(30_000)}}`,
      400,
      'REQUEST_INVALID',
    ],
    ['an empty body', 'POST', count, '', 400, 'BODY_MISSING'],
    ['no body at all', 'POST', count, undefined, 400, 'BODY_MISSING'],
    ['a body that is null', 'POST', count, 'null', 400, 'BODY_MISSING'],
    ['a body that is no object', 'POST', count, '[]', 400, 'REQUEST_INVALID'],
    ['a body above 64 KiB', 'POST', count, `{"by":1,"name":"${'x'.repeat(66_000)}"}`, 413, 'BODY_TOO_LARGE'],
    ['an unknown field', 'POST', count, '{"by":1,"extra":true}', 400, 'FIELD_UNKNOWN'],
    ['a number written as text', 'POST', count, '{"by":"1"}', 400, 'REQUEST_INVALID'],
    ['an unknown query parameter', 'GET', '/api/outbox/pending?page=2', undefined, 400, 'FIELD_UNKNOWN'],
    ['a query parameter given twice', 'GET', '/api/outbox/pending?limit=1&limit=2', undefined, 400, 'REQUEST_INVALID'],
    ['a fraction for a whole number', 'GET', '/api/outbox/pending?limit=1.5', undefined, 400, 'REQUEST_INVALID'],
    ['a refusal of the domain', 'POST', count, '{"by":99}', 409, 'COUNTER_FULL'],
    ['a command that makes no sense', 'POST', count, '{"by":0}', 422, 'NOTHING_TO_COUNT'],
    ['a defect', 'GET', '/api/defect', undefined, 500, 'INTERNAL_ERROR'],
    ['a read model that is behind', 'GET', '/api/counters?minPosition=99', undefined, 503, 'PROJECTION_BEHIND'],
    ['a WebSocket path without an upgrade', 'GET', '/ws/counters', undefined, 426, 'UPGRADE_REQUIRED'],
  ])('%s', async (_what, method, url, payload, status, code) => {
    const { answer, problem } = await send(method, url, payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(problem).toMatchObject({ status, code, type: `urn:millrace:problem:${code}` });
    expect(problem.title).not.toBe('');
    expect(problem.correlationId).toBe(answer.headers['x-correlation-id']);
  });
});

test('a wrong method is told the right ones', async () => {
  expect((await send('PUT', count, '{}')).answer.headers.allow).toBe('POST');
  expect((await send('POST', '/api/metrics/lag/slowest?x=1')).answer.headers.allow).toBe('GET, HEAD');
  expect((await send('PUT', '/api/projections/rebuild')).answer.headers.allow).toBe('GET, HEAD, POST');
});

test('another media type than JSON is refused, with and without a name', async () => {
  const form = await send('POST', count, 'by=1', { 'content-type': 'application/x-www-form-urlencoded' });
  expect(form.answer.statusCode).toBe(415);
  expect(form.problem.code).toBe('MEDIA_TYPE_UNSUPPORTED');
  const text = await send('POST', count, '{"by":1}', { 'content-type': 'text/plain' });
  expect(text.answer.statusCode).toBe(415);
});

test.each([
  ['a charset other than UTF-8', { 'content-type': 'application/json; charset=iso-8859-1' }],
  ['one that is quoted', { 'content-type': 'application/json;Charset="UTF-16"' }],
  ['a compressed body', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
])('%s is refused before the body is read', async (_what, headers) => {
  const { answer, problem } = await send('POST', count, '{"by":1}', headers);
  expect([answer.statusCode, problem.code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
});

test('UTF-8 may be said, and that nothing is compressed', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'identity' };
  expect((await send('POST', '/api/counters/said', '{"by":1}', headers)).answer.statusCode).toBe(201);
});

test('a list is told to be no object, whatever is in it', async () => {
  const { problem } = await send('POST', count, '[{"by":1}]');
  expect(problem).toMatchObject({ code: 'REQUEST_INVALID', detail: 'The body must be a JSON object.' });
});

test('every wrong field is named, and no value is repeated', async () => {
  const payload =
    '{"by":"17 secrets","mood":"sad secret","name":"a long secret","secret":1,"inner":{"deep":"x","more":2}}';
  const { answer, problem } = await send('POST', count, payload);
  expect(problem.code).toBe('REQUEST_INVALID');
  expect(problem.fields?.map(({ field }) => field).toSorted()).toEqual(
    ['by', 'inner/deep', 'inner/more', 'mood', 'name', 'secret'].toSorted(),
  );
  expect(problem.fields).toContainEqual({ field: 'mood', problem: 'must be one of good, bad' });
  expect(answer.body).not.toMatch(/secrets|sad|a long/);
});

test('a missing field is named', async () => {
  const { problem } = await send('POST', count, '{}');
  expect(problem.fields).toEqual([{ field: 'by', problem: 'is required' }]);
});

test('a body with thousands of unknown fields gets a short answer', async () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, n]));
  const { answer, problem } = await send('POST', count, JSON.stringify({ by: 1, ...fields }));
  expect(problem.code).toBe('FIELD_UNKNOWN');
  expect(problem.fields).toHaveLength(32);
  expect(answer.body.length).toBeLessThan(4_000);
});

test('a defect says nothing about how it is built', async () => {
  const { answer } = await send('GET', '/api/defect');
  expect(answer.body).not.toMatch(/secret|TypeError|\.ts/);
});

test('an event store that is away makes a 503 that may be tried again, and tells no internals', async () => {
  const away = new MillraceError('STORE_UNAVAILABLE', 'connect ECONNREFUSED 10.1.2.3:5432');
  const append = vi.spyOn(system.log, 'append').mockRejectedValue(away);
  try {
    const { answer, problem } = await send('POST', '/api/counters/away', '{"by":1}');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(problem.code).toBe('STORE_UNAVAILABLE');
    expect(answer.body).not.toContain('10.1.2.3');
  } finally {
    append.mockRestore();
  }
});
