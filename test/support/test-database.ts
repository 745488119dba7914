import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type QueryResultRow } from 'pg';
import { inject } from 'vitest';

/** A fresh, empty database on the server of this test run. */
export interface TestDatabase {
  readonly url: string;
  /**
   * Deletes it. Rejects when somebody is still connected a while after: then something was not closed. It is deleted
   * all the same.
   */
  drop(): Promise<void>;
}

/** How long a connection that was ended may still be seen by the server. */
const patienceMs = 3_000;

async function onServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Creates a database of its own for a test file.
 * @example
 * const database = await createTestDatabase();
 * afterAll(() => database.drop());
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `${inject('databasePrefix')}${randomBytes(6).toString('hex')}`;
  // template0 and C.UTF-8: the same on a server whose own defaults are different.
  await onServer((client) =>
    client.query(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`),
  );
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer((client) => dropDatabase(client, name)) };
}

interface Left extends QueryResultRow {
  readonly application_name: string;
  readonly state: string | null;
  readonly query: string;
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  const left = await connectionsLeft(client, name);
  await client.query(`drop database if exists ${name} with (force)`);
  if (left.length === 0) return;
  const described = left.map((one) => `${one.application_name || 'unnamed'} (${one.state ?? 'unknown'}): ${one.query}`);
  throw new Error(`Connections to the test database were left open:\n${described.join('\n')}`);
}

async function connectionsLeft(client: Client, name: string): Promise<readonly Left[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const { rows } = await client.query<Left>(
      `select application_name, state, left(query, 120) as query from pg_stat_activity
       where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || performance.now() > end) return rows;
    await pause(20);
  }
}
