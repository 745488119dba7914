import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { MillraceError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { fileNames } from './placement.ts';
import { roleName } from './server-access.ts';
import type { SystemAccount } from './system-account.ts';
import { readIfThere, syncFolder, writeWholeFile } from './whole-file.ts';

/** The first start: the cluster folder and its password. */

/** Drafts of a cluster: an initdb that was killed half-way leaves one, and the next start removes it. */
const draftPrefix = `${fileNames.cluster}.new-`;

const initdbLimit = 120_000;

/** An environment without the caller's PG… variables, which would silently change what the programs do. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };
}

/** The password of the server: 32 random bytes, made once, readable for this account only. */
export async function ensurePassword(home: string): Promise<string> {
  const file = path.join(home, fileNames.password);
  const known = (await readIfThere(file))?.trim();
  if (known) return known;
  if ((await readIfThere(path.join(home, fileNames.cluster, 'PG_VERSION'))) !== undefined) {
    throw new MillraceError(
      'POSTGRES_START_FAILED',
      `There is a database in ${home} and no password for it: the file ${fileNames.password} is gone. Put it back.`,
    );
  }
  const password = randomBytes(32).toString('base64url');
  await writeWholeFile(file, `${password}\n`, { mode: 0o600 });
  return password;
}

function runInitdb(
  binaries: Binaries,
  account: SystemAccount | undefined,
  folder: string,
  passwordFile: string,
  durable: boolean,
) {
  const args = [
    `--pgdata=${folder}`,
    `--username=${roleName}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The builtin C.UTF-8 sorts the same way on every machine and release: an operating system's own collations change
    // with its libraries, and then indexes are wrong.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
  ];
  return new Promise<void>((resolve, reject) => {
    const identity = account ? { uid: account.uid, gid: account.gid } : {};
    const child = spawn(binaries.initdb, args, {
      ...identity,
      cwd: '/',
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), initdbLimit);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`initdb ended with ${signal ?? `code ${code}`}:\n${output.trim()}`));
    });
  });
}

async function createCluster(
  home: string,
  password: string,
  binaries: Binaries,
  account: SystemAccount | undefined,
  durable: boolean,
): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith(draftPrefix)) await rm(path.join(home, name), { recursive: true, force: true });
  }
  // Two levels: the password file lies beside the new cluster, which initdb wants empty.
  const draft = path.join(home, draftPrefix + randomBytes(4).toString('hex'));
  const inside = path.join(draft, 'cluster');
  await mkdir(draft, { mode: 0o700 });
  await mkdir(inside, { mode: 0o700 });
  if (account) {
    await chown(draft, account.uid, account.gid);
    await chown(inside, account.uid, account.gid);
  }
  try {
    const passwordFile = path.join(draft, 'password');
    await writeWholeFile(passwordFile, `${password}\n`, { mode: 0o600, owner: account });
    await runInitdb(binaries, account, inside, passwordFile, durable);
    await rename(inside, path.join(home, fileNames.cluster)); // the cluster appears whole or not at all
    await syncFolder(home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Makes the cluster at the first start, and refuses one that another major version has made. */
export async function ensureCluster(
  home: string,
  password: string,
  binaries: Binaries,
  account: SystemAccount | undefined,
  options: { durable: boolean; report: (line: string) => void },
): Promise<void> {
  const cluster = path.join(home, fileNames.cluster);
  const made = (await readIfThere(path.join(cluster, 'PG_VERSION')))?.trim();
  const major = binaries.version.split('.')[0];
  if (made === undefined) {
    options.report(`First start: preparing PostgreSQL ${major} in ${cluster}.`);
    try {
      await createCluster(home, password, binaries, account, options.durable);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MillraceError('POSTGRES_START_FAILED', `The database could not be prepared in ${home}. ${reason}`, {
        cause,
      });
    }
  } else if (made !== major) {
    throw new MillraceError(
      'POSTGRES_START_FAILED',
      `The database in ${cluster} was made by PostgreSQL ${made}, and this Millrace brings ${major}. ` +
        `Dump it with the old version and load it into the new one.`,
    );
  }
}
