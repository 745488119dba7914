import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bin = '/usr/lib/postgresql/15/bin';

/** True where Debian's PostgreSQL 15 is installed, with the tools that the npm binaries do not hold. */
export const hasDebianPostgres = existsSync(join(bin, 'pg_dump'));

/** A cluster of Debian's PostgreSQL in a folder of its own. */
export interface DebianCluster {
  readonly url: string;
  /** Runs one of its tools, as the user that it runs as. */
  tool(name: 'pg_basebackup', args: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface DebianClusterOptions {
  /** Lines of postgresql.conf. */
  readonly settings?: readonly string[];
  /** A base backup to start from, instead of a fresh cluster. It is copied. */
  readonly base?: string;
}

/** Makes and starts a cluster. As root it runs as Debian's user `postgres`. */
export async function startDebianCluster(clusterOptions: DebianClusterOptions = {}): Promise<DebianCluster> {
  const { settings = [], base } = clusterOptions;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-cluster-'));
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined;
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const options = { ...owner, cwd: folder };
  if (base === undefined) {
    await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], options);
  } else {
    await run('cp', ['-a', base, data], options);
    await writeFile(join(data, 'recovery.signal'), '');
  }
  await appendFile(join(data, 'postgresql.conf'), settings.map((line) => `${line}\n`).join(''));
  const server = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  // The output goes to a file: the server would keep a pipe open, and the command would never end.
  await run(join(bin, 'pg_ctl'), ['-D', data, '-w', '-l', join(folder, 'log'), '-o', server, 'start'], options);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    tool: async (name, args) => {
      await run(join(bin, name), ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', ...args], options);
    },
    stop: async () => {
      await run(join(bin, 'pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop'], options);
      await rm(folder, { recursive: true });
    },
  };
}

/** Dumps a database and restores it into another one. */
export async function dumpAndRestore(from: string, to: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-dump-'));
  try {
    const file = join(folder, 'dump');
    await run(join(bin, 'pg_dump'), ['--format=custom', '--file', file, '--dbname', from]);
    await run(join(bin, 'pg_restore'), ['--exit-on-error', '--dbname', to, file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function postgresUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
