import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { repository } from '../../scripts/development-tool.ts';
import { freePort } from '../support/free-port.ts';
import type { ComposeService } from './compose-file.ts';

const run = promisify(execFile);
const bin = '/usr/lib/postgresql/15/bin';

export interface ComposePostgres {
  readonly port: number;
  /** The folder of its socket. Who comes through it is taken for whoever they say, as in the image. */
  readonly socket: string;
  /** What a file of SQL is given to, as the image does it. Rejects with what psql says. */
  psql(
    sql: string,
    as?: { readonly user: string; readonly password: string; readonly database: string },
  ): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Debian's PostgreSQL 15 as the image of a Compose service would start its own: initdb with the service's arguments, then
 * the settings file, then init.sql by psql with the service's environment.
 */
export async function startComposePostgres(service: ComposeService): Promise<ComposePostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-postgres-'));
  try {
    return await startIn(folder, service);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(folder: string, service: ComposeService): Promise<ComposePostgres> {
  await chmod(folder, 0o755);
  const account = process.getuid?.() === 0 ? await accountOf('postgres') : undefined;
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  const options = { ...account, cwd: folder };
  const data = path.join(folder, 'data');
  const passwordFile = path.join(folder, 'password');
  const environment = service.environment ?? {};
  await writeFile(passwordFile, environment['POSTGRES_PASSWORD'] ?? '', { mode: 0o644 });
  const initdb = (environment['POSTGRES_INITDB_ARGS'] ?? '').split(' ').filter((word) => word !== '');
  await run(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '--no-sync', `--pwfile=${passwordFile}`, '--auth-local=trust', ...initdb],
    options,
  );
  await rm(passwordFile);
  const port = await freePort();
  // The settings of the repository; on this machine it listens to this machine alone, and spares the disk.
  const mounted = path.join(folder, 'postgresql.conf');
  await run('cp', [path.join(repository, 'infrastructure/postgres/postgresql.conf'), mounted]);
  await chmod(mounted, 0o644);
  const own = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
  const server = `-p ${port} -c config_file=${mounted} ${own.map((one) => `-c ${one}`).join(' ')}`;
  await run(
    path.join(bin, 'pg_ctl'),
    ['-D', data, '-w', '-l', path.join(folder, 'log'), '-o', server, 'start'],
    options,
  );
  return {
    port,
    socket: folder,
    psql: async (sql, as) => {
      const file = path.join(folder, 'asked.sql');
      await writeFile(file, sql);
      const login =
        as === undefined
          ? ['-h', folder, '-U', 'postgres', '-d', 'postgres']
          : ['-h', '127.0.0.1', '-U', as.user, '-d', as.database];
      const { stdout } = await run(
        '/usr/bin/psql',
        ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-p', String(port), ...login, '-f', file],
        {
          env: { PATH: '/usr/bin:/bin', ...environment, ...(as === undefined ? {} : { PGPASSWORD: as.password }) },
        },
      );
      return stdout;
    },
    stop: async () => {
      await run(path.join(bin, 'pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop'], options);
      await rm(folder, { recursive: true });
    },
  };
}

async function accountOf(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}
