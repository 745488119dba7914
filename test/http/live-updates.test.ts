import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveMessage } from '../../src/server/index.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/index.ts';
import { counterApplication } from '../support/counter-application.ts';
import { fakeSystem, type FakeSystem } from '../support/fake-system.ts';

let system: FakeSystem;
let server: RunningServer;
const clients: { close(): void }[] = [];

async function start(live: ServerOptions['live'] = {}): Promise<void> {
  server = await startServer(counterApplication, system, { host: '127.0.0.1', port: 0, live });
}

beforeEach(() => {
  system = fakeSystem(counterApplication.system);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
});

function put(id: string, position: number): void {
  system.fake.put('counter_view', 'id', { id, count: position, position }, position);
}

interface Client {
  readonly messages: LiveMessage[];
  readonly ids: string[];
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  close(): void;
}

async function listen(by: 'ws' | 'sse', query = '', headers: Record<string, string> = {}): Promise<Client> {
  const client = by === 'ws' ? await listenByWebSocket(query, headers) : await listenByEvents(query, headers);
  clients.push(client);
  await expect.poll(() => client.messages.length).toBeGreaterThan(0);
  return client;
}

function listenByWebSocket(query: string, headers: Record<string, string>): Promise<Client> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/counters${query}`, { headers });
  const messages: LiveMessage[] = [];
  socket.on('message', (data: Buffer) => messages.push(read(data.toString())));
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ messages, ids: [], ended, close: () => socket.terminate() }));
    socket.once('error', reject);
  });
}

async function listenByEvents(query: string, headers: Record<string, string>): Promise<Client> {
  const stop = new AbortController();
  const answer = await fetch(`${server.url}/api/counters/live${query}`, { headers, signal: stop.signal });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const messages: LiveMessage[] = [];
  const ids: string[] = [];
  const ended = (async () => {
    let text = '';
    try {
      for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          const id = /^id: (.*)$/m.exec(event)?.[1];
          if (id !== undefined) ids.push(id);
          if (data !== undefined) messages.push(read(data));
        }
      }
    } catch {
      // The test has hung up.
    }
  })();
  return { messages, ids, ended, close: () => stop.abort() };
}

function read(text: string): LiveMessage {
  // What the server under test says is compared as a whole.
  return JSON.parse(text) as LiveMessage;
}

describe.each(['ws', 'sse'] as const)('by %s', (by) => {
  test('S306: a client hears the present and then every changed row', async () => {
    put('a', 4);
    await start();
    const client = await listen(by);
    expect(client.messages).toEqual([{ type: 'hello', position: 4 }]);
    put('b', 5);
    system.fake.changed();
    await expect
      .poll(() => client.messages)
      .toEqual([
        { type: 'hello', position: 4 },
        { type: 'rows', view: 'counters', position: 5, rows: [{ id: 'b', count: 5, position: 5 }] },
      ]);
  });

  test('a client that comes back gets what it missed, in order, and nothing else', async () => {
    for (const [id, position] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
    ] as const)
      put(id, position);
    await start();
    const client = await listen(by, '?after=1');
    await expect
      .poll(() => client.messages)
      .toEqual([
        { type: 'hello', position: 3 },
        {
          type: 'rows',
          view: 'counters',
          position: 3,
          rows: [
            { id: 'c', count: 2, position: 2 },
            { id: 'b', count: 3, position: 3 },
          ],
        },
      ]);
  });

  test('a filter narrows what was missed and what comes', async () => {
    put('a', 1);
    put('b', 2);
    await start();
    const client = await listen(by, '?after=0&counterId=b');
    put('a', 3);
    system.fake.changed();
    put('b', 4);
    system.fake.changed();
    await expect
      .poll(() => client.messages.flatMap((message) => (message.type === 'rows' ? message.rows : [])))
      .toEqual([
        { id: 'b', count: 2, position: 2 },
        { id: 'b', count: 4, position: 4 },
      ]);
  });

  test.each([
    ['?after=yesterday', 'after-invalid'],
    ['?after=-1', 'after-invalid'],
    ['?after=1&after=2', 'after-invalid'],
    ['?after=8', 'after-ahead'],
  ] as const)('%s is answered with a reset, and life goes on', async (query, reason) => {
    put('a', 7);
    await start();
    const client = await listen(by, query);
    await expect
      .poll(() => client.messages)
      .toEqual([
        { type: 'hello', position: 7 },
        { type: 'reset', position: 7, reason },
      ]);
    put('b', 8);
    system.fake.changed();
    await expect.poll(() => client.messages[2]).toMatchObject({ type: 'rows', position: 8 });
  });

  test('more than 1,000 missed rows make a reset, 1,000 do not', async () => {
    for (let n = 1; n <= 1_001; n++) put(`c${n}`, n);
    await start();
    const far = await listen(by, '?after=0');
    await expect.poll(() => far.messages[1]).toEqual({ type: 'reset', position: 1_001, reason: 'too-many-changes' });
    const near = await listen(by, '?after=1');
    await expect.poll(() => near.messages[1]).toMatchObject({ type: 'rows', position: 1_001 });
  });

  test('a burst of more rows than one query reads arrives whole', async () => {
    await start();
    const client = await listen(by);
    for (let n = 1; n <= 2_500; n++) put(`c${n}`, n);
    system.fake.changed();
    const rows = () => client.messages.flatMap((message) => (message.type === 'rows' ? message.rows : []));
    await expect.poll(() => rows().length, { timeout: 10_000 }).toBe(2_500);
    expect(client.messages.at(-1)?.position).toBe(2_500);
  });

  test('a rebuild that was swapped in makes everybody load again', async () => {
    put('a', 1);
    await start();
    const client = await listen(by);
    await fetch(`${server.url}/api/projections/rebuild?wait=true`, { method: 'POST' });
    await expect.poll(() => client.messages[1]).toEqual({ type: 'reset', position: 1, reason: 'read-model-replaced' });
  });

  test('a rebuild in another process is noticed at a heartbeat', async () => {
    put('a', 1);
    await start({ heartbeatMs: 20 });
    const client = await listen(by);
    await expect.poll(() => client.messages.filter(({ type }) => type === 'heartbeat').length).toBeGreaterThan(1);
    system.fake.generation++;
    await expect
      .poll(() => client.messages.find(({ type }) => type === 'reset'))
      .toEqual({ type: 'reset', position: 1, reason: 'read-model-replaced' });
  });

  test('a read model that fails for a moment loses nothing', async () => {
    await start();
    const client = await listen(by);
    put('a', 1);
    system.fake.queryFailure = new Error('away');
    const before = system.fake.queries;
    system.fake.changed();
    await expect.poll(() => system.fake.queries).toBeGreaterThan(before);
    system.fake.queryFailure = undefined;
    await expect.poll(() => client.messages[1], { timeout: 5_000 }).toMatchObject({ rows: [{ id: 'a' }] });
  });

  test('a stop ends the connection', async () => {
    await start();
    const client = await listen(by);
    await server.stop();
    await client.ended;
    expect(system.fake.listeners.size).toBe(0);
  });
});

test('one round of queries serves everybody', async () => {
  await start();
  const all = await Promise.all(Array.from({ length: 20 }, () => listen('ws')));
  const before = system.fake.queries;
  put('a', 1);
  system.fake.changed();
  for (const client of all) await expect.poll(() => client.messages.length).toBe(2);
  // One for each of the two views.
  expect(system.fake.queries - before).toBe(2);
});

test('nobody listening means no queries', async () => {
  await start();
  put('a', 1);
  system.fake.changed();
  const client = await listen('ws');
  client.close();
  await client.ended;
  await expect
    .poll(async () => await (await fetch(`${server.url}/metrics`)).text())
    .toContain('live_subscribers{feed="counters"} 0');
  const before = system.fake.queries;
  put('b', 2);
  system.fake.changed();
  await fetch(`${server.url}/health/live`);
  expect(system.fake.queries).toBe(before);
});

test('events carry the position as their id, and Last-Event-ID goes before the address', async () => {
  put('a', 1);
  put('b', 2);
  await start();
  const client = await listen('sse', '?after=0', { 'last-event-id': '1' });
  await expect.poll(() => client.messages[1]).toMatchObject({ rows: [{ id: 'b' }] });
  expect(client.ids).toEqual(['2', '2']);
});

test('what this process has not heard of yet is no reason for a reset', async () => {
  put('a', 5);
  await start();
  system.readModels.position = async () => 3;
  const client = await listen('ws', '?after=5');
  put('b', 6);
  system.fake.changed();
  await expect.poll(() => client.messages.map(({ type }) => type)).toEqual(['hello', 'rows']);
});

test('a page of another host may not listen by WebSocket, one of this host may', async () => {
  await start();
  await expect(listen('ws', '', { origin: 'https://elsewhere.example' })).rejects.toThrow('403');
  await expect(listen('ws', '', { origin: 'null' })).rejects.toThrow('403');
  const client = await listen('ws', '', { origin: server.url });
  expect(client.messages[0]?.type).toBe('hello');
});

test('more clients than fit are told to come later', async () => {
  await start({ mostSubscribers: 1 });
  await listen('ws');
  await expect(listen('ws')).rejects.toThrow('503');
  const answer = await fetch(`${server.url}/api/counters/live`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.json()).toMatchObject({ code: 'SUBSCRIBERS_FULL' });
});

test('a read model that is away is answered before a stream begins', async () => {
  await start();
  system.readModels.position = () => Promise.reject(new Error('away'));
  expect((await fetch(`${server.url}/api/counters/live`)).status).toBe(500);
});

test.each(['sse', 'ws'])('a client by %s that does not read is cut off, the others go on', async (by) => {
  // Without heartbeats: a ping that nobody answers would cut it off as well.
  await start({ heartbeatMs: 600_000 });
  const other = await listen('ws', '?counterId=small');
  const slow = connect(server.port, '127.0.0.1');
  const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
  slow.write(
    by === 'sse'
      ? 'GET /api/counters/live HTTP/1.1\r\nhost: x\r\n\r\n'
      : `GET /ws/counters HTTP/1.1\r\nhost: x\r\n${upgrade}sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  slow.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => slow.once('close', () => resolve()));
  await new Promise<void>((resolve) => slow.once('data', () => resolve()));
  slow.pause();
  const subscribers = async () =>
    /live_subscribers\{feed="counters"\} (\d)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
  expect(await subscribers()).toBe('2');
  const big = 'x'.repeat(500_000);
  let position = 0;
  const push = (): Promise<string | undefined> => {
    position++;
    system.fake.put('counter_view', 'id', { id: big, count: position, position }, position);
    system.fake.changed();
    return subscribers();
  };
  await expect.poll(push, { timeout: 30_000 }).toBe('1');
  put('small', position + 1);
  system.fake.changed();
  await expect.poll(() => other.messages.at(-1)).toMatchObject({ rows: [{ id: 'small' }] });
  slow.destroy();
  await ended;
});

test('a client that does not answer a ping is cut off', async () => {
  await start({ heartbeatMs: 30 });
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'GET /ws/counters HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  expect(socket.destroyed).toBe(true);
});
