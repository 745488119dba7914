-- What else a process with the API writes to the log, as functions: like millrace_append they run with the rights of
-- whoever prepared the database, find only what lies in the log's own schema, and are granted to nobody here.

-- Nobody appends until the end of the caller's transaction. A statement that begins afterwards sees all that came before.
create or replace function millrace_lock_log() returns void language sql
  security definer set search_path from current
as $$
  select 1 from log_lock for update
$$;
revoke all on function millrace_lock_log from public;

-- Keeps a snapshot, unless there is a newer one of the same shape.
create or replace function millrace_save_snapshot(text, bigint, integer, json) returns void language sql
  security definer set search_path from current
as $$
  insert into snapshots (name, position, state_version, state) values ($1, $2, $3, $4)
  on conflict (name) do update set position = excluded.position, state_version = excluded.state_version,
    state = excluded.state, taken_at = clock_timestamp()
  where snapshots.position < excluded.position or snapshots.state_version <> excluded.state_version
$$;
revoke all on function millrace_save_snapshot from public;

-- Deletes one page of the command keys that are older than 24 hours, and says how many. The oldest lie together on disk,
-- and the block range index finds them; a page is small, so that no append waits long for the rows' locks or for the
-- write-ahead log.
create or replace function millrace_prune_keys() returns bigint language sql
  security definer set search_path from current
as $$
  with old as (
    select key from command_keys
    where created_at < now() - interval '24 hours'
    limit 5000
    for update skip locked
  ), gone as (
    delete from command_keys k using old where k.key = old.key returning 1
  )
  select count(*) from gone
$$;
revoke all on function millrace_prune_keys from public;
