import { Client } from 'pg';
import { inject } from 'vitest';
import { eventually, type ExampleDatabases } from './example-databases.ts';

/** Runs a statement on the server, outside of the tests' databases. */
export async function runOnServer(sql: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** Keeps a copy of a database under another name. Everything that is connected to it is cut off meanwhile. */
export async function backUp(url: string): Promise<string> {
  const copy = `${nameIn(url)}_backup`;
  await runOnServer(`alter database ${nameIn(url)} allow_connections false`);
  try {
    await cutConnections(url);
    await runOnServer(`create database ${copy} template ${nameIn(url)}`);
  } finally {
    await runOnServer(`alter database ${nameIn(url)} allow_connections true`);
  }
  return copy;
}

async function cutConnections(url: string): Promise<void> {
  await runOnServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameIn(url)}'`);
  await eventually('nobody is connected', async () => {
    const client = new Client({ connectionString: inject('postgresUrl') });
    await client.connect();
    const result = await client.query('select 1 from pg_stat_activity where datname = $1', [nameIn(url)]);
    await client.end();
    return result.rowCount === 0;
  });
}

/** Puts a copy in the place of a database, as a restore does, while programs are using it. */
export async function replaceDatabase(url: string, copy: string): Promise<void> {
  const name = nameIn(url);
  // Nobody may connect between the drop and the new one: both happen under another name first.
  await runOnServer(`alter database ${name} allow_connections false`);
  await cutConnections(url);
  await runOnServer(`drop database ${name} with (force)`);
  await runOnServer(`create database ${name} template ${copy}`);
}

/** Empties the read-model database, as if it had been made anew. */
export async function truncateReadModels(databases: ExampleDatabases): Promise<void> {
  const found = await databases.read<{ name: string }>(
    `select nspname as name from pg_namespace where nspname ~ '_g[0-9]+$' or nspname = 'public'`,
  );
  for (const { name } of found) await databases.read(`drop schema ${name} cascade`);
  await databases.read('create schema public');
}
