import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, postgresProcessesOf } from '../../src/embedded/process-table.ts';
import type { CrashInfo } from '../../src/embedded/supervision.ts';
import { serverAccount } from '../../src/embedded/system-account.ts';
import { query, start, startInChild, preparedFolder, until, untilGone } from './fixture.ts';

const rowsOf = async (url: string) =>
  (await query<{ n: number }>(url, 'select n from kept order by n')).map(({ n }) => n);

/** A backend that computes, looks at nothing, and so does not notice that its postmaster died. */
async function startBusyBackend(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end().catch(() => undefined));
  client.query('select count(*) from generate_series(1, 100000000000)').catch(() => undefined);
  await until('the backend computes', async () => {
    const rows = await query(
      url,
      `select from pg_stat_activity where query like '%100000000000%' and state = 'active' and pid <> pg_backend_pid()`,
    );
    return rows.length > 0;
  });
}

describe('after kill -9 of the server', () => {
  it('it is started again on the same port, with everything that was committed, every time', async () => {
    const seen: CrashInfo[] = [];
    const server = await start(await preparedFolder(), { onCrash: (info) => seen.push(info) });
    const url = await server.url('events');
    await query(url, 'create table kept (n int)');
    for (const n of [1, 2]) {
      await query(url, `insert into kept values (${n})`);
      const killed = server.processId;
      process.kill(killed, 'SIGKILL');
      await until('the crash was told and is over', () => seen.length >= 2 * n && seen.at(-1)?.state === 'running');
      expect(seen.at(-2)).toMatchObject({ state: 'restarting', processId: killed, signal: 'SIGKILL' });
      expect(seen.at(-1)?.processId).toBe(server.processId);
      expect(await server.url('events')).toBe(url);
    }
    expect(await rowsOf(url)).toEqual([1, 2]);
  });

  it('a backend that does not notice is ended, so that the restart can begin', async () => {
    const seen: CrashInfo[] = [];
    const server = await start(await preparedFolder(), { onCrash: (info) => seen.push(info) });
    const url = await server.url('events');
    await startBusyBackend(url);
    process.kill(server.processId, 'SIGKILL');
    await until('the server is back', () => seen.at(-1)?.state === 'running');
    const log = await readFile(path.join(server.dataFolder, 'postgres.log'), 'utf8');
    expect(log).toContain('pre-existing shared memory block'); // otherwise nothing was left and nothing is shown
    await query(url, 'select 1');
  });

  it('stop() ends a restart that is under way, and leaves no server', async () => {
    const seen: CrashInfo[] = [];
    const server = await start(await preparedFolder(), { onCrash: (info) => seen.push(info) });
    process.kill(server.processId, 'SIGKILL');
    await until('the crash is noticed', () => seen.length > 0);
    await server.stop();
    const cluster = await realpath(path.join(server.dataFolder, 'postgres'));
    await until('no process is left', async () => (await postgresProcessesOf(cluster)).length === 0);
    expect(seen.filter(({ state }) => state === 'failed')).toEqual([]);
  });
});

describe('after kill -9 of Node', () => {
  it('the next start takes the server over, with its data, and stop() ends it', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await query(child.url, 'create table kept as select 1 as n');
    await child.kill();
    expect(await isAlive(child.processId)).toBe(true);

    const server = await start(dataFolder);
    expect(server.adopted).toBe(true);
    expect(server.processId).toBe(child.processId);
    expect(await rowsOf(await server.url('kept'))).toEqual([1]);
    await server.stop();
    expect(await isAlive(child.processId)).toBe(false);
  });

  it('a server that was taken over is supervised like any other', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await query(child.url, 'create table kept as select 1 as n');
    await child.kill();
    const seen: CrashInfo[] = [];
    const server = await start(dataFolder, { onCrash: (info) => seen.push(info) });
    process.kill(child.processId, 'SIGKILL');
    await until('the server is back', () => seen.at(-1)?.state === 'running');
    expect(server.processId).not.toBe(child.processId);
    expect(await rowsOf(child.url)).toEqual([1]);
  });

  it('a server with the settings of another version is restarted instead', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await child.kill();
    const file = path.join(dataFolder, 'postgres', 'postgresql.conf');
    await writeFile(file, (await readFile(file, 'utf8')).replace('15min', '5min'));
    const server = await start(dataFolder);
    expect(server.adopted).toBe(false);
    expect(await isAlive(child.processId)).toBe(false);
    const rows = await query(await server.url('kept'), 'show checkpoint_timeout');
    expect(rows).toEqual([{ checkpoint_timeout: '15min' }]);
  });

  it('a server that is just stopping is waited for, and started anew', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await query(child.url, 'create table kept as select 1 as n');
    await child.kill();
    process.kill(child.processId, 'SIGINT');
    const server = await start(dataFolder);
    expect(await rowsOf(await server.url('kept'))).toEqual([1]);
    await untilGone(child.processId);
    expect(server.processId).not.toBe(child.processId);
  });
});

describe('after kill -9 of both', () => {
  it('the next start recovers what was committed', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await query(child.url, 'create table kept as select n from generate_series(1, 3) n');
    await child.kill();
    process.kill(child.processId, 'SIGKILL');
    const server = await start(dataFolder);
    expect(server.adopted).toBe(false);
    expect(await rowsOf(await server.url('kept'))).toEqual([1, 2, 3]);
  });

  it('a number in postmaster.pid that belongs to another program by now does not stop the start', async () => {
    const dataFolder = await preparedFolder();
    const child = await startInChild(dataFolder);
    await query(child.url, 'create table kept as select 1 as n');
    await child.kill();
    process.kill(child.processId, 'SIGKILL');
    await untilGone(child.processId);

    // Of the server's own account: PostgreSQL itself would refuse this one for ever.
    const account = await serverAccount();
    const stranger = spawn('sleep', ['60'], account ? { uid: account.uid, gid: account.gid } : {});
    await once(stranger, 'spawn');
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const file = path.join(dataFolder, 'postgres', 'postmaster.pid');
    const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, [String(stranger.pid), ...rest].join('\n'));

    const server = await start(dataFolder);
    expect(await rowsOf(await server.url('kept'))).toEqual([1]);
    expect(stranger.exitCode).toBeNull();
  });
});
