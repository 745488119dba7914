import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRunningPostgres } from '../../src/embedded/find-running-postgres.ts';
import { isAlive } from '../../src/embedded/process-table.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded/start-embedded-postgres.ts';
import { openFolder, preparedFolder, query, start, startInChild, untilGone } from './fixture.ts';

describe('an embedded PostgreSQL after its first start', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  const told: string[] = [];

  beforeAll(async () => {
    folder = await openFolder();
    const dataFolder = path.join(folder, 'made when missing');
    server = await startEmbeddedPostgres({ dataFolder, report: (line) => told.push(line) });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers, stores durably, and listens on this machine only', async () => {
    const url = await server.url('events');

    const [row] = await query<Record<string, string>>(
      url,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
        current_setting('full_page_writes') as pages, current_setting('listen_addresses') as addresses,
        current_setting('unix_socket_directories') as sockets, current_setting('server_encoding') as encoding,
        current_setting('jit') as jit, current_setting('max_wal_size') as wal,
        (select datlocprovider::text || ' ' || datlocale from pg_database where datname = current_database()) as locale`,
    );
    expect(row).toEqual({
      fsync: 'on',
      commit: 'on',
      pages: 'on',
      addresses: '127.0.0.1',
      sockets: '',
      encoding: 'UTF8',
      jit: 'off',
      wal: '4GB',
      locale: 'b C.UTF-8',
    });
    expect(server.dataFolder).toBe(path.join(folder, 'made when missing'));
    expect(server.adopted).toBe(false);
    expect(told.join('\n')).toContain(server.dataFolder);
  });

  it('keeps its password in a file that nobody else can read, and lets nobody in without it', async () => {
    const url = new URL(await server.url('events'));
    expect(Buffer.from(url.password, 'base64url')).toHaveLength(32);
    expect((await stat(path.join(server.dataFolder, 'postgres.password'))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(server.dataFolder, 'postgres'))).mode & 0o777).toBe(0o700);
    for (const wrong of ['wrong', '']) {
      url.password = wrong;
      await expect(query(url.href, 'select 1')).rejects.toThrow();
    }
  });

  it('makes a database once, however many ask for it at the same time', async () => {
    const name = `odd "name" é`;
    const urls = await Promise.all(Array.from({ length: 5 }, () => server.url(name)));
    expect(new Set(urls).size).toBe(1);
    const [row] = await query<{ name: string }>(urls[0] ?? '', 'select current_database() as name');
    expect(row?.name).toBe(name);
  });

  it('writes no values of statements into its log', async () => {
    const url = await server.url('events');
    await query(url, `create table people (name text primary key check (name <> 'x'))`);
    await query(url, `insert into people values ('Ada Lovelace')`);
    await expect(query(url, `insert into people values ('Ada Lovelace')`)).rejects.toThrow('duplicate key');
    const log = await readFile(path.join(server.dataFolder, 'postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('Lovelace');
  });
});

describe('an embedded PostgreSQL', () => {
  it('keeps data and port over a restart, and leaves no process behind', async () => {
    const dataFolder = await preparedFolder();
    const first = await start(dataFolder);
    await query(await first.url('events'), 'create table kept as select 42 as answer');
    await first.stop();
    expect(await isAlive(first.processId)).toBe(false);

    const second = await start(dataFolder);
    const [row] = await query<{ answer: number }>(await second.url('events'), 'select answer from kept');
    expect(row?.answer).toBe(42);
    expect(second.port).toBe(first.port);
    await expect(first.url('events')).rejects.toMatchObject({ code: 'STOPPING' });
  });

  it('takes another port when its own was taken meanwhile', async () => {
    const dataFolder = await preparedFolder();
    const first = await start(dataFolder);
    await first.stop();
    const rival = net.createServer();
    await new Promise<void>((resolve) => rival.listen(first.port, '127.0.0.1', resolve));
    try {
      const second = await start(dataFolder);
      expect(second.port).not.toBe(first.port);
      await query(await second.url('events'), 'select 1');
    } finally {
      await new Promise((resolve) => rival.close(resolve));
    }
  });

  it('is found by another process while it runs, and only then', async () => {
    const dataFolder = await preparedFolder();
    expect(await findRunningPostgres(dataFolder)).toBeUndefined();
    const other = await startInChild(dataFolder);
    const found = await findRunningPostgres(dataFolder);
    expect(found?.url('kept')).toBe(other.url);
    await query(other.url, 'select 1');

    other.child.stdin?.end(); // it stops its server in order
    await untilGone(other.processId);
    expect(await findRunningPostgres(dataFolder)).toBeUndefined();
  });

  it('tells what the server said when it cannot start', async () => {
    const dataFolder = await preparedFolder();
    const server = await start(dataFolder);
    await server.stop();
    await writeFile(path.join(dataFolder, 'postgres', 'pg_hba.conf'), 'nonsense\n');
    await expect(start(dataFolder)).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('could not load') as unknown,
    });
  });

  it('refuses a cluster of another major version', async () => {
    const dataFolder = await preparedFolder();
    const server = await start(dataFolder);
    await server.stop();
    await writeFile(path.join(dataFolder, 'postgres', 'PG_VERSION'), '17\n');
    await expect(start(dataFolder)).rejects.toThrow('made by PostgreSQL 17');
  });
});
