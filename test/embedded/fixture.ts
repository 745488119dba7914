import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { promisify } from 'node:util';
import { Client, type QueryResultRow } from 'pg';
import { afterAll, onTestFinished } from 'vitest';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../src/embedded/start-embedded-postgres.ts';
import { isAlive } from '../../src/embedded/process-table.ts';
import type { SystemAccount } from '../../src/embedded/system-account.ts';

export const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('NOT RUN: the tests of starting as root need root.');

/** A folder with a space in its name that every account can enter. Whoever makes it deletes it. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace test '));
  await chmod(folder, 0o755);
  return folder;
}

/** The same, deleted after the test. */
export async function temporaryFolder(owner?: SystemAccount): Promise<string> {
  const folder = await openFolder();
  if (owner) await chown(folder, owner.uid, owner.gid);
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

let prepared: Promise<string> | undefined;

async function prepareOnce(): Promise<string> {
  const folder = await openFolder();
  await (await startEmbeddedPostgres({ dataFolder: folder })).stop();
  await rm(path.join(folder, 'postgres.port')); // every copy finds a port of its own
  return folder;
}

afterAll(async () => {
  if (prepared) await rm(await prepared, { recursive: true, force: true });
});

/** A data folder whose first start is over: a copy, since preparing one takes most of the time of a test. */
export async function preparedFolder(): Promise<string> {
  prepared ??= prepareOnce();
  const folder = await temporaryFolder();
  await promisify(execFile)('cp', ['-a', `${await prepared}/.`, folder]); // keeps the owner of the cluster
  return folder;
}

/** Starts a server that is stopped after the test. */
export async function start(
  dataFolder: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataFolder, ...options });
  onTestFinished(() => server.stop());
  return server;
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // a server that is killed under an idle connection
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Waits until the condition holds, at most 20 s. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const untilGone = (processId: number) =>
  until(`process ${processId} is gone`, async () => !(await isAlive(processId)));

/** Another Node process that has started a server. */
export interface StartedInChild {
  readonly child: ChildProcess;
  readonly url: string;
  readonly processId: number;
  readonly dataFolder: string;
  readonly adopted: boolean;
  /** Kills it without giving it a chance to stop its server. */
  kill(): Promise<void>;
}

function textAt(value: unknown, name: string): string {
  if (typeof value === 'object' && value !== null && name in value) {
    const found: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    return String(found);
  }
  throw new Error(`The child said ${JSON.stringify(value)}.`);
}

/** Starts a server in another Node process, as another account if wanted. The process is killed after the test. */
export async function startInChild(dataFolder: string, account?: SystemAccount): Promise<StartedInChild> {
  const script = path.join(import.meta.dirname, 'start-in-child.ts');
  const child = spawn(process.execPath, [script, dataFolder], {
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line);
    return {
      child,
      kill,
      url: textAt(said, 'url'),
      processId: Number(textAt(said, 'processId')),
      dataFolder: textAt(said, 'dataFolder'),
      adopted: textAt(said, 'adopted') === 'true',
    };
  }
  throw new Error('The child ended without an answer.');
}
