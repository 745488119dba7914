import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
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
  }
}

let stop: () => Promise<void> = async () => undefined;

export async function setup(project: TestProject): Promise<void> {
  const given = process.env['MILLRACE_TEST_POSTGRES_URL'];
  if (given) {
    project.provide('postgresUrl', given);
    return;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace-test-'));
  await chmod(folder, 0o755); // started by root, the server runs as another account and has to reach its data
  try {
    // Nothing of this server outlives the run, and no test cuts the power: without fsync the suites spare the disk.
    const server = await startEmbeddedPostgres({ dataFolder: folder, durable: false });
    stop = async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    };
    project.provide('postgresUrl', await server.url('postgres'));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export const teardown = (): Promise<void> => stop();
