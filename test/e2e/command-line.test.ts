import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';

let place: MillracePlace;
beforeEach(async () => {
  place = await MillracePlace.make();
});
afterEach(() => place.remove());

describe('millrace start', () => {
  it('S008, S292, S397: serves all commands while it runs, and leaves nothing behind on SIGTERM', async () => {
    const server = place.start();
    await place.ready(server);

    expect(await place.run('doctor')).toMatchObject({ code: 0, err: '' });

    const load = await place.runWithApp('load', '--rate', '200', '--seconds', '2', '--json');
    expect(load.code, load.out + load.err).toBe(0);
    expect(JSON.parse(load.out)).toMatchObject({
      sent: 400,
      accepted: 360,
      refused: 40,
      refusals: { THING_EXISTS: 40 },
      failed: 0,
      unknown: 0,
      check: { holds: true, stored: 360, lost: 0, lag: { count: 360 } },
    });

    const url = await place.runWithApp('url', 'read-models');
    const client = new pg.Client({ connectionString: url.out.trim() });
    await client.connect();
    const counted = await client.query<{ count: string }>('select count(*) from things');
    await client.end();
    expect(counted.rows).toEqual([{ count: '360' }]);

    const rebuilt = await place.run('rebuild', 'things', '--json');
    expect(JSON.parse(rebuilt.out)).toMatchObject({ state: 'done', position: 360 });
    const wentBack = await place.run('rebuild', 'things', '--go-back', '--json');
    expect(JSON.parse(wentBack.out)).toMatchObject({ generation: 1, position: 360, old: { generation: 2 } });
    expect(await place.run('rebuild', '--drop-old')).toMatchObject({
      code: 0,
      out: 'things: build 1 is live, at position 360.\nThe newest rebuild is done.\n',
    });
    const refused = await place.run('rebuild', 'things', '--confirm');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('millrace: REBUILD_NOT_RUNNING');
    expect(await place.run('dead-letters', 'list')).toEqual({ code: 0, out: 'No event is parked.\n', err: '' });
    expect((await place.runWithApp('migrate')).code).toBe(0);
    expect(await place.run('replay', 'thing-none')).toMatchObject({
      code: 1,
      err: 'millrace: STREAM_UNKNOWN There are no events of thing-none.\n',
    });

    const second = await place.runWithApp('start');
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(/^millrace: PORT_TAKEN .* Set PORT to another one/);

    server.kill('SIGTERM');
    await once(server, 'close');
    expect(server.exitCode, server.output()).toBe(0);
    expect(await place.postgres()).toBeUndefined();
    expect(await place.run('doctor')).toMatchObject({ code: 1 });
    expect(await place.runWithApp('url', 'event-store')).toMatchObject({ code: 1, out: '' });
  }, 120_000);

  it('stops everything in order after an error that nobody caught', async () => {
    const server = place.start();
    await place.ready(server);
    const closed = once(server, 'close');
    await fetch(`${place.url}/api/break`, { method: 'POST' });
    await closed;
    expect(server.exitCode).toBe(1);
    expect(server.output()).toContain('nobody catches this');
    expect(server.output()).not.toContain('    at ');
    expect(await place.postgres()).toBeUndefined();
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('leaves nothing behind when npm alone gets %s', async (signal) => {
    const app = fileURLToPath(new URL('../support/things-application.ts', import.meta.url));
    const start = `exec "${process.execPath}" "${millraceProgram}" start --app "${app}"`;
    const manifest = { name: 'somewhere', version: '1.0.0', scripts: { start } };
    await writeFile(path.join(place.folder, 'package.json'), JSON.stringify(manifest));
    const npm = place.spawn('npm', ['start']);
    await place.ready(npm);
    npm.kill(signal);
    while ((await place.postgres()) !== undefined) await pause(20);
    await expect(fetch(`${place.url}/health`)).rejects.toThrow('fetch failed');
  });
});

describe('millrace load --verify', () => {
  it('S007, S155, S160, S400: proves that kill -9 of the server lost nothing that was accepted', async () => {
    const journal = path.join(place.folder, 'run.jsonl');
    const first = place.start();
    await place.ready(first);
    const load = place.runWithApp(
      'load',
      '--rate',
      '200',
      '--seconds',
      '3',
      '--journal',
      journal,
      '--no-check',
      '--json',
    );
    // Something was accepted: then the server dies in the middle.
    const head = async () => {
      const answer = await fetch(`${place.url}/api/log?limit=1`);
      const body: unknown = await answer.json();
      return typeof body === 'object' && body !== null && 'head' in body ? Number(body.head) : 0;
    };
    while ((await head()) < 100) await pause(10);
    first.kill('SIGKILL');
    await once(first, 'close');
    const second = place.start();
    await place.ready(second);

    const sent = await load;
    expect(sent.code, sent.err).toBe(0);
    const verified = await place.run('load', '--verify', journal, '--json');
    expect(verified.code, verified.out + verified.err).toBe(0);
    expect(JSON.parse(verified.out)).toMatchObject({ check: { holds: true, lost: 0, doubled: 0, gaps: 0 } });
  });
});
