import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/embedded/start-embedded-postgres.ts';

/**
 * One PostgreSQL server for a whole run of the tests. MILLRACE_TEST_POSTGRES_URL names another server to be used
 * instead: the URL of a role that may create databases.
 */

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the database `postgres`, as a role that may create databases. */
    postgresUrl: string;
    /** What the names of this run's databases begin with. */
    databasePrefix: string;
  }
}

let stop: () => Promise<void> = async () => undefined;

export async function setup(project: TestProject): Promise<void> {
  const prefix = `millrace_test_${randomBytes(3).toString('hex')}_`;
  project.provide('databasePrefix', prefix);
  const given = process.env['MILLRACE_TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    stop = () => refuseLeftDatabases(given, prefix);
    return;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace-test-'));
  await chmod(folder, 0o755); // started by root, the server runs as another account and has to reach its data
  try {
    // Nothing of this server outlives the run, and no test cuts the power: without fsync the suites spare the disk.
    const server = await startEmbeddedPostgres({ dataFolder: folder, durable: false });
    const url = await server.url('postgres');
    stop = async () => {
      try {
        await refuseLeftDatabases(url, prefix);
      } finally {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      }
    };
    project.provide('postgresUrl', url);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export const teardown = (): Promise<void> => stop();

/** Every suite drops its databases, which is also where open connections are found. Drops what is left, and rejects. */
async function refuseLeftDatabases(url: string, prefix: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`);
    if (rows.length > 0)
      throw new Error(`${rows.length} test databases were not dropped by the suites that made them.`);
  } finally {
    await client.end();
  }
}
