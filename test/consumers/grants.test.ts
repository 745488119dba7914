import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateSystem } from '../../src/migrate-system.ts';
import { exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';

/**
 * The rights of the group roles, all of them. r: select, a: insert, w: update, d: delete, in brackets the columns when
 * not all; x: execute; -: none. `anybody` is a user who is in none of the roles.
 */
const eventStore = `
  table or function           api   relay                                                projector  reader  anybody
  archive_files               r     r                                                    r          r       -
  archive_state               r     r                                                    r          r       -
  archive_waiting             r     r                                                    r          r       -
  archived_events             r     r                                                    r          r       -
  archived_streams            r     r                                                    r          r       -
  command_keys                r     -                                                    -          -       -
  event_lag_metrics           r     r                                                    -          r       -
  event_processing_lag        r     rd                                                   -          r       -
  event_tags                  r     -                                                    r          r       -
  lag_copied                  r     r                                                    -          r       -
  lag_cursor                  r(minutes_deleted,rows_deleted)  rw(moved_at,position,rolled_up_to)  -          r       -
  lag_deleted                 -     rad                                                  -          r       -
  lag_dirty_minutes           -     rad                                                  -          r       -
  lag_ledger                  -     raw(processed_at,projection_processing_duration_ms,received_at,status,total_lag_ms,transit_ms)d  -  r  -
  lag_metrics_by_minute       -     raw                                                  -          r       -
  lag_pending                 r     r                                                    -          r       -
  leases                      -     raw(holder,lease_until,token)                        -          r       -
  log_info                    r     r                                                    r          r       -
  log_lock                    -     -                                                    -          -       -
  millrace_schema             -     -                                                    -          -       -
  parcel_events_log           r     r                                                    r          r       -
  parcel_outbox               r     r                                                    -          r       -
  projection_checkpoints      r     raw                                                  -          r       -
  relay_cursors               r     raw(event_id,moved_at,position)                      r          r       -
  relay_decisions             r     -                                                    -          r       -
  relay_failures              r     raw(last_error,last_failed_at,next_attempt_at,retry_count,status)d  r  r  -
  relay_publications          -     rad                                                  -          r       -
  snapshots                   r     -                                                    -          -       -
  timer_firings               r     -                                                    -          r       -
  archive_abandon()           -     x                                                    -          -       -
  archive_batch()             -     x                                                    -          -       -
  archive_begin()             -     x                                                    -          -       -
  archive_forget()            -     x                                                    -          -       -
  archive_note()              -     x                                                    -          -       -
  archive_pause()             x     -                                                    -          -       -
  archive_resume()            x     -                                                    -          -       -
  copy_lag_stamps()           -     x                                                    -          -       -
  delete_lag()                -     -                                                    -          -       -
  lag_prune()                 -     x                                                    -          -       -
  lag_rank()                  -     x                                                    -          -       -
  millrace_append()           x     -                                                    -          -       -
  millrace_lock_log()         x     -                                                    -          -       -
  millrace_prune_keys()       x     -                                                    -          -       -
  millrace_save_snapshot()    x     -                                                    -          -       -
  refuse_change()             -     -                                                    -          -       -
  refuse_raw_delete()         -     -                                                    -          -       -
  refuse_raw_insert()         -     -                                                    -          -       -
  relay_advance()             -     x                                                    -          -       -
  relay_discard()             x     -                                                    -          -       -
  relay_next_due()            -     x                                                    -          -       -
  relay_published()           x     x                                                    x          x       -
  relay_retry()               x     -                                                    -          -       -
  relay_settle()              -     x                                                    -          -       -
  roll_up_lag_metrics()       -     x                                                    -          -       -
  timers_forget()             x     -                                                    -          -       -
  timers_settle()             x     -                                                    -          -       -
`;
/** Of the schema `millrace_access`, in the event store. */
const accessSchema = `
  table or function               api   relay   projector   reader   anybody
  accounts                        -     -       -           -        -
  api_keys                        -     -       -           -        -
  changes                         -     -       -           r        -
  one_use                         -     -       -           -        -
  sign_ins                        -     -       -           -        -
  add_account()                   x     -       -           -        -
  add_api_key()                   x     -       -           -        -
  begin_sign_in()                 x     -       -           -        -
  change_account()                x     -       -           -        -
  change_own_password()           x     -       -           -        -
  end_sign_in()                   x     -       -           -        -
  find_account()                  x     -       -           -        -
  keep_one_use()                  x     -       -           -        -
  keep_provider_account()         x     -       -           -        -
  list_accounts()                 x     -       -           -        -
  list_api_keys()                 x     -       -           -        -
  list_changes()                  x     -       -           -        -
  provider_account_is_refused()   x     -       -           -        -
  prune()                         x     -       -           -        -
  record_change()                 -     -       -           -        -
  rehash_password()               x     -       -           -        -
  revoke_api_key()                x     -       -           -        -
  take_one_use()                  x     -       -           -        -
  use_api_key()                   x     -       -           -        -
  use_sign_in()                   x     -       -           -        -
  which_ended()                   x     -       -           -        -
`;
/** The views under which readers find read models belong to the projector's role, which can do everything with them. */
const readModels = `
  table or function           api   relay                                     projector                          reader  anybody
  dead_letters                r     r(generation,position,projection_id,status)  rawd                               r       -
  depots                      r     -                                         rawd                               r       -
  event_lag_metrics           r     rawd                                      r                                  r       -
  heavy_parcels               r     -                                         rawd                               r       -
  labels                      r     -                                         rawd                               r       -
  lag_stamps                  -     rd                                        rad                                -       -
  leases                      r     r                                         raw(holder,lease_until,token)      r       -
  millrace_schema             -     -                                         -                                  -       -
  parcels                     r     -                                         rawd                               r       -
  projection_builds           r     r                                         rawd                               r       -
  projection_checkpoints      r     r                                         r                                  r       -
  projection_operations       r     r(kind,projection_id,state)    rw(asked,error_code,error_fields,error_message,finished_at,lane,progress,result,runner,runner_until,started_at,state,token)  r  -
  advance_checkpoint()        -     -                                         x                                  -       -
  mirror_lag_metrics()        -     x                                         -                                  -       -
  timers                      r     -                                         rawd                               r       -
  request_operation()         x     -                                         x                                  -       -
`;

const prefix = `test_${randomBytes(4).toString('hex')}`;
const roles = ['api', 'relay', 'projector', 'reader', 'anybody'] as const;
const nameOf = (role: (typeof roles)[number]) => `${prefix}_${role}`;

let databases: ExampleDatabases;
beforeAll(async () => {
  databases = await exampleDatabases({ migrate: false, timers: true });
  // Twice: what is there is kept, and what was granted besides is taken back.
  await migrateSystem(databases.example.system, databases, { grants: prefix });
  await databases.store(`create role ${nameOf('anybody')} nologin`);
  await databases.store(`grant insert on parcel_events_log, snapshots to ${nameOf('api')}`);
  await databases.store(`grant execute on function millrace_append to public`);
  await migrateSystem(databases.example.system, databases, { grants: prefix });
});
afterAll(async () => {
  for (const role of roles) {
    await databases.store(`drop owned by ${nameOf(role)} cascade`);
    await databases.read(`drop owned by ${nameOf(role)} cascade`);
    await databases.store(`drop role ${nameOf(role)}`);
  }
  await databases[Symbol.asyncDispose]();
});

interface RightsRow {
  readonly name: string;
  readonly rights: string;
}

/** One line for each table, view and function of the schema, in the shape of the tables above. */
async function rightsIn(database: 'store' | 'read', schema = 'public'): Promise<string[]> {
  const cells = new Map<string, string[]>();
  for (const role of roles) {
    const rows = await databases[database]<RightsRow>(
      `select c.relname as name, (
         select string_agg(case
             when has_table_privilege($1, c.oid, p.name) then p.letter
             else p.letter || '(' || (
               select string_agg(a.attname, ',' order by a.attname) from pg_attribute a
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 and has_column_privilege($1, c.oid, a.attnum, p.name)) || ')' end, '' order by p.n)
         from (values (1, 'select', 'r'), (2, 'insert', 'a'), (3, 'update', 'w'), (4, 'delete', 'd')) as p(n, name, letter)
         where has_table_privilege($1, c.oid, p.name)
            or (p.name <> 'delete' and has_any_column_privilege($1, c.oid, p.name))) as rights
       from pg_class c where c.relnamespace = $2::text::regnamespace and c.relkind in ('r', 'v', 'p', 'm')
       union all
       select p.proname || '()', case when has_function_privilege($1, p.oid, 'execute') then 'x' end
       from pg_proc p where p.pronamespace = $2::text::regnamespace`,
      [nameOf(role), schema],
    );
    for (const { name, rights } of rows) cells.set(name, [...(cells.get(name) ?? []), rights ?? '-']);
  }
  return [...cells].map(([name, all]) => [name, ...all].join(' ')).toSorted();
}

const linesOf = (table: string): string[] =>
  table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .toSorted();

describe('the group roles', () => {
  it('S384: may do in the event store what the table says, and nothing else', async () => {
    expect(await rightsIn('store')).toEqual(linesOf(eventStore));
  });

  it('may do in the read-model database what the table says, and nothing else', async () => {
    expect(await rightsIn('read')).toEqual(linesOf(readModels));
  });

  it('may do with accounts, sign-ins and API keys what the table says, and nothing else', async () => {
    expect(await rightsIn('store', 'millrace_access')).toEqual(linesOf(accessSchema));
  });

  it('cannot log in, and are no superusers', async () => {
    const rows = await databases.store(
      `select from pg_roles where rolname like '${prefix}\\_%' and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb)`,
    );
    expect(rows).toEqual([]);
  });
});

describe('functions that run with the rights of the owner', () => {
  it('find only what lies in the schema of the log', async () => {
    const rows = await databases.store<{ name: string; path: string }>(
      `select proname as name, array_to_string(proconfig, ';') as path from pg_proc
       where prosecdef and pronamespace = 'public'::regnamespace order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['millrace_append', 'millrace_lock_log', 'millrace_prune_keys', 'millrace_save_snapshot']),
    );
    for (const { path } of rows) expect(path).toMatch(/search_path=(?:pg_catalog, )?public, pg_temp/);
    const access = await databases.store<{ path: string | null; definer: boolean }>(
      `select array_to_string(proconfig, ';') as path, prosecdef as definer from pg_proc
       where pronamespace = 'millrace_access'::regnamespace`,
    );
    expect(access.length).toBeGreaterThan(10);
    for (const { path, definer } of access) {
      expect(definer).toBe(true);
      expect(path).toBe('search_path=millrace_access, pg_temp');
    }
  });

  it('may be called by nobody but the owner as long as no rights are given', async () => {
    await using fresh = await exampleDatabases();
    for (const database of ['store', 'read'] as const) {
      const open = await fresh[database](
        `select proname from pg_proc where prosecdef and has_function_privilege('public', oid, 'execute')`,
      );
      expect(open).toEqual([]);
    }
  });

  it('are not led astray by a table of the caller', async () => {
    await using client = await connectAs('api');
    await client.query('create temporary table log_lock (only_row boolean)');
    await client.query('create temporary table snapshots (like public.snapshots)');
    await client.query(`select millrace_save_snapshot('mine', 1, 1, '{}')`);
    expect((await client.query('select from pg_temp.snapshots')).rowCount).toBe(0);
    expect(await databases.store(`select from public.snapshots where name = 'mine'`)).toHaveLength(1);
  });
});

describe('a user of the API’s role', () => {
  it.each([
    `insert into parcel_events_log (position, event_id, aggregate_id, version, event_name, schema_version, payload, metadata, occurred_at)
       values (1, gen_random_uuid(), 's', 1, 'E', 1, '{}', '{}', now())`,
    `set millrace.appending = 'yes'; insert into parcel_events_log select * from parcel_events_log`,
    `update parcel_events_log set payload = '{}'`,
    'delete from parcel_events_log',
    'truncate parcel_events_log',
    'alter table parcel_events_log disable trigger all',
    `insert into snapshots values ('a', 1, 1, '{}')`,
    'delete from command_keys',
    'update relay_failures set next_attempt_at = now()',
    `insert into relay_decisions (action, destination, ordering_key, position, retry_count, actor) values ('retry', '', '', 1, 0, 'a')`,
    'update log_lock set only_row = true',
    'select from log_lock for update',
    'create table public.mine (a integer)',
    `insert into timer_firings (timer, due_at, position, outcome) values ('a', now(), 1, 'fired')`,
    'delete from timer_firings',
    'select password_hash from millrace_access.accounts',
    'delete from millrace_access.changes',
    `select millrace_access.record_change('me', 'nothing', gen_random_uuid(), '{}', null)`,
    `select relay_advance('a', 'b', 1, 0, null, 1, null, '{}', '{}', '{}', '{}')`,
  ])('is refused: %s', async (sql) => {
    await using client = await connectAs('api');
    await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
  });
});

/** A connection of the owner that gave up its rights for those of a role. */
async function connectAs(role: (typeof roles)[number]): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: databases.eventStoreUrl });
  await client.connect();
  await client.query(`set session authorization ${nameOf(role)}`);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
