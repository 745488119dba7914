import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildServer } from '../../../src/server/build-server.ts';
import type { MillraceServer } from '../../../src/server/index.ts';
import type { LiveFeeds } from '../../../src/server/live-feeds.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem } from '../../support/fake-system.ts';

let folder: string;
let server: MillraceServer;
let feeds: LiveFeeds;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-pages-'));
  await mkdir(path.join(folder, 'assets'));
  await writeFile(path.join(folder, 'index.html'), '<title>first page</title>');
  await writeFile(path.join(folder, 'assets', 'main-DMTGzOCd.js'), 'start()');
  const web = pathToFileURL(`${folder}/`);
  const application = { ...counterApplication, web, webPaths: ['/counters', '/counters/:counterId'] };
  ({ server, feeds } = await buildServer(application, fakeSystem(counterApplication.system)));
});

afterEach(async () => {
  feeds.close();
  await server.close();
  await rm(folder, { recursive: true });
});

const get = (url: string) => server.inject({ method: 'GET', url });

test.each(['/', '/counters', '/counters/7', '/counters/7?show=all'])(
  '%s is answered with the first page',
  async (url) => {
    const { statusCode, headers, body } = await get(url);
    expect(statusCode).toBe(200);
    expect(body).toContain('first page');
    expect(headers['content-type']).toContain('text/html');
    expect(headers['cache-control']).toBe('no-cache');
  },
);

test.each(['/nothing', '/counters/7/more', '/counters-of-others'])('%s is still an unknown path', async (url) => {
  const { statusCode, headers } = await get(url);
  expect(statusCode).toBe(404);
  expect(headers['content-type']).toContain('application/problem+json');
});

test('no page runs what does not come from its own server, and none stands in a frame', async () => {
  for (const url of ['/', '/counters/7']) {
    const policy = String((await get(url)).headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  }
});

test('a file whose name says its content is kept for ever', async () => {
  const { headers } = await get('/assets/main-DMTGzOCd.js');
  expect(headers['cache-control']).toContain('immutable');
});
