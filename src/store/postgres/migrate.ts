import { Client, DatabaseError } from 'pg';
import { MillraceError } from '../../errors.ts';
import type { LogNames } from '../../postgres/log-names.ts';
import { LogStatements } from './statements.ts';

/** Counts up with every change of the SQL files. A database prepared by a newer number is refused. */
export const logSchemaVersion = 5;

const files = ['schema.sql', 'archived.sql', 'append.sql', 'writes.sql', 'guards.sql'];

/**
 * Prepares the database of one log: tables, the append function, the guards. Safe to run again and by several processes
 * at once. Throws SCHEMA_NEWER when a newer Millrace prepared it, POSTGRES_VERSION_UNSUPPORTED below PostgreSQL 15.
 * @param extra more SQL texts of other rooms that live in the same database, run in the same transaction
 * @param atLast what else belongs into that transaction, when everything is there
 */
export async function migrateLog(
  url: string,
  log: string,
  names: LogNames,
  extra: readonly string[] = [],
  atLast: (client: Client) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const statements = new LogStatements(names);
  await migrateDatabase(url, 'event store', logSchemaVersion, async (client) => {
    // Functions that run with our rights keep this search path (`set search_path from current`): whoever calls them must
    // not be able to put a table of theirs in front of ours.
    await client.query(`select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)`);
    for (const file of files) await client.query(statements.file(file));
    for (const sql of extra) await client.query(sql);
    await client.query(
      `insert into log_info (log, fingerprint) values ($1, ${fingerprint}) on conflict (only_row) do nothing`,
      [log],
    );
    // Another cluster, database or timeline than the one that was prepared: a restore. What others hold in memory or
    // in checkpoints about positions may be void.
    await client.query(
      `update log_info set incarnation = gen_random_uuid(), fingerprint = ${fingerprint} where fingerprint <> ${fingerprint}`,
    );
    await atLast(client);
  });
}

const fingerprint = `(select s.system_identifier || '/' || d.oid || '/' || c.timeline_id
  from pg_control_system() s, pg_control_checkpoint() c, pg_database d where d.datname = current_database())`;

/**
 * Runs a migration under a lock of its own, with the version row checked first: two migrators wait for each other, and
 * an old program refuses a newer database before it touches anything.
 */
export async function migrateDatabase(
  url: string,
  what: string,
  version: number,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const server = await client.query<{ number: number }>(
      `select current_setting('server_version_num')::int as number`,
    );
    if ((server.rows[0]?.number ?? 0) < 150_000) {
      throw new MillraceError('POSTGRES_VERSION_UNSUPPORTED', `The ${what} runs on a PostgreSQL older than 15.`);
    }
    await client.query('begin');
    await client.query(`set local client_min_messages = warning`);
    await client.query(`select pg_advisory_xact_lock(hashtext('millrace migrate'))`);
    await client.query(
      `create table if not exists millrace_schema (what text primary key, version integer not null, migrated_at timestamptz not null)`,
    );
    const before = await client.query<{ version: number }>('select version from millrace_schema where what = $1', [
      what,
    ]);
    const found = before.rows[0]?.version ?? 0;
    if (found > version) {
      throw new MillraceError(
        'SCHEMA_NEWER',
        `The ${what} has schema version ${found}; this program knows ${version}.`,
      );
    }
    await work(client);
    await client.query(
      `insert into millrace_schema values ($1, $2, clock_timestamp())
       on conflict (what) do update set version = excluded.version, migrated_at = excluded.migrated_at`,
      [what, version],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (error instanceof DatabaseError && error.code === '42501') throw forbidden(what, error);
    throw error;
  } finally {
    await client.end();
  }
}

function forbidden(what: string, cause: DatabaseError): MillraceError {
  const message =
    `The database user may not prepare the ${what}: ${cause.message}. ` +
    'Let the owner run `millrace migrate`, and start with MILLRACE_MIGRATE=no.';
  return new MillraceError('MIGRATION_FORBIDDEN', message, { cause });
}
