import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database of its own for one test file. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Creates an empty database with a random name on the server that MILLRACE_TEST_POSTGRES_URL names. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['MILLRACE_TEST_POSTGRES_URL'];
  if (server === undefined) throw new Error('Set MILLRACE_TEST_POSTGRES_URL to a server for tests.');
  const name = `millrace_test_${randomBytes(6).toString('hex')}`;
  await run(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(server, `drop database if exists ${name} with (force)`) };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
