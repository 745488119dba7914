import { connect } from 'node:net';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer, type Application, type RunningServer } from '../../src/server/index.ts';
import { counterApplication } from '../support/counter-application.ts';
import { fakeSystem, type FakeSystem } from '../support/fake-system.ts';

let system: FakeSystem;
const servers: RunningServer[] = [];

beforeEach(() => {
  system = fakeSystem(counterApplication.system);
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(application: Application = counterApplication, port = 0): Promise<RunningServer> {
  const server = await startServer(application, system, { host: '127.0.0.1', port });
  servers.push(server);
  return server;
}

/** Sends bytes as they are; resolves with all that came back when the connection has ended. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('close', () => resolve(answer));
    socket.once('error', reject);
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

test('a taken port is said by its number, with the setting that helps', async () => {
  const { port } = await start();
  await expect(start(counterApplication, port)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `Port ${port} is taken. Set PORT to another one.`,
  });
});

test('S397: a stop lets a request in flight finish, and refuses connections', async () => {
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const { port, url, stop } = await start({
    ...counterApplication,
    routes: (server) => {
      server.get('/slow', async () => {
        arrived.resolve();
        await gate.promise;
        return { done: true };
      });
    },
  });
  const answer = fetch(`${url}/slow`);
  await arrived.promise;
  const stopped = stop();
  await expect.poll(() => raw(port, 'GET /health/live HTTP/1.1\r\n\r\n').catch(codeOf)).toBe('ECONNREFUSED');
  gate.resolve();
  expect(await (await answer).json()).toEqual({ done: true });
  await stopped;
});

test('a stop waits no longer than five seconds for a request that hangs', async () => {
  const arrived = Promise.withResolvers<void>();
  const { url, stop } = await start({
    ...counterApplication,
    routes: (server) => {
      server.get('/hangs', () => {
        arrived.resolve();
        return new Promise(() => undefined);
      });
    },
  });
  const answer = fetch(`${url}/hangs`).then(
    () => 'answered',
    () => 'cut off',
  );
  await arrived.promise;
  const before = performance.now();
  await stop();
  expect(performance.now() - before).toBeLessThan(7_000);
  expect(await answer).toBe('cut off');
});

test('an idle connection does not hold up a stop', async () => {
  const { port, url, stop } = await start();
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await fetch(`${url}/health/live`);
  const before = performance.now();
  await stop();
  await closed;
  expect(performance.now() - before).toBeLessThan(4_000);
});

describe('what is no request is answered all the same', () => {
  test.each([
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['bytes that are not HTTP', 'hello\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
      400,
      'REQUEST_MALFORMED',
    ],
  ])('%s', async (_what, text, status, code) => {
    const { port } = await start();
    const answer = await raw(port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ status, code });
  });

  test('an upgrade to something else is served as if it was not asked for', async () => {
    const { url } = await start();
    const { port } = new URL(url);
    const answer = await raw(
      Number(port),
      'POST /api/counters/h2 HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n' +
        'content-type: application/json\r\ncontent-length: 8\r\n\r\n{"by":1}',
    );
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
  });

  test('an upgrade where there is none ends with an answer', async () => {
    const { port } = await start();
    const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
    const key = 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    expect(await raw(port, `GET /nowhere HTTP/1.1\r\nhost: x\r\n${upgrade}${key}`)).toMatch(/^HTTP\/1.1 404 /);
  });
});

describe('built pages', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-web-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<h1>hello</h1>');
    await writeFile(join(folder, 'assets', 'index-Ab3dE_f9.js'), 'export {}');
  });

  afterEach(() => rm(folder, { recursive: true }));

  test('are served at the root; what is named by its content may be kept for ever', async () => {
    const { url } = await start({ ...counterApplication, web: pathToFileURL(`${folder}/`) });
    const page = await fetch(`${url}/`);
    expect(await page.text()).toBe('<h1>hello</h1>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const asset = await fetch(`${url}/assets/index-Ab3dE_f9.js`);
    expect(asset.status).toBe(200);
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await fetch(`${url}/docs/`)).status).toBe(200);
    expect((await fetch(`${url}/assets/none.js`)).status).toBe(404);
    expect((await fetch(`${url}/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });

  test('that were not built are left out', async () => {
    const { url } = await start({ ...counterApplication, web: pathToFileURL(`${folder}/none/`) });
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});
