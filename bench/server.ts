import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../src/embedded/start-embedded-postgres.ts';

/** The one PostgreSQL server that a run measures on. */
export interface BenchServer {
  readonly kind: 'embedded' | 'given';
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  freshDatabase(name: string): Promise<string>;
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

const tmpfs = 0x01021994;

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
     ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size',
      'checkpoint_timeout', 'wal_level')`,
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

/** The server that `npm start` would start, with the same settings, in a folder that is deleted at the end. */
async function startEmbedded(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  if (process.platform === 'linux' && statfsSync(folder).type === tmpfs) {
    rmSync(folder, { recursive: true });
    throw new Error(`${tmpdir()} is kept in memory, where fsync costs nothing. Point TMPDIR to a disk.`);
  }
  // Started as root, the server runs as an account of its own, which has to get in.
  chmodSync(folder, 0o755);
  const server = await startEmbeddedPostgres({ dataFolder: join(folder, 'data') });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(server.dataFolder, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: await server.url('postgres'), stop };
}
