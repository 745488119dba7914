-- Who may do what: four group roles that cannot log in, made once for the server, and what each may do with each table,
-- column and function of both databases. A process connects as a user who is a member of one of them.
--
--   :api        decides commands and answers queries; writes to the event store through functions alone
--   :relay      carries events to the broker and copies the ledger
--   :projector  writes read models; nothing in the event store
--   :reader     for people who look: reads, changes nothing
--
-- What is not named here is not granted. A table or function that comes later gets a line of its own.

--! both
do $$
declare
  wanted name;
begin
  foreach wanted in array array[':api', ':relay', ':projector', ':reader']::name[] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      exception when duplicate_object or unique_violation then
        null; -- somebody else made it at this moment
      end;
    end if;
  end loop;
end $$;

-- Functions that run with the owner's rights look into this schema: nobody else may put anything there.
revoke create on schema :schema from public;
-- What an older version of this file granted goes first; all of this is one transaction.
revoke all on all tables in schema :schema from :api, :relay, :projector, :reader;
do $$
declare
  own record;
begin
  for own in
    select p.oid::regprocedure as signature from pg_proc p
    where p.pronamespace = current_schema()::regnamespace
      and p.proowner = (select c.relowner from pg_class c where c.oid = 'millrace_schema'::regclass)
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  loop
    execute format('revoke all on routine %s from public, :api, :relay, :projector, :reader', own.signature);
  end loop;
end $$;
grant usage on schema :schema to :api, :relay, :projector, :reader;
grant connect on database :database to :api, :relay, :projector, :reader;

--! event store
-- Accounts, sign-ins and API keys: the API uses functions alone, and sees no hash of a password but the one it asks for. What
-- an older version of this file granted goes first.
revoke all on all tables in schema millrace_access from :api, :relay, :projector, :reader;
revoke all on all functions in schema millrace_access from public, :api, :relay, :projector, :reader;
grant usage on schema millrace_access to :api, :reader;
grant execute on function
  millrace_access.find_account, millrace_access.list_accounts, millrace_access.add_account,
  millrace_access.change_account, millrace_access.rehash_password, millrace_access.keep_provider_account,
  millrace_access.provider_account_is_refused, millrace_access.begin_sign_in, millrace_access.use_sign_in,
  millrace_access.end_sign_in, millrace_access.which_ended, millrace_access.add_api_key, millrace_access.list_api_keys,
  millrace_access.revoke_api_key, millrace_access.use_api_key, millrace_access.list_changes,
  millrace_access.keep_one_use, millrace_access.take_one_use, millrace_access.prune
  to :api;
grant select on millrace_access.changes to :reader;

grant select on log_info, :events, relay_cursors, relay_failures to :api, :relay, :projector, :reader;
grant select on :outbox, event_processing_lag, lag_copied, lag_pending, event_lag_metrics, projection_checkpoints
  to :api, :relay, :reader;
-- A projector reads whole streams when it compares them with their rows; the statement that reads them names the tags.
grant select on event_tags to :api, :projector, :reader;
grant select on command_keys, snapshots to :api;
grant select on relay_publications, lag_ledger, lag_cursor, lag_deleted, lag_metrics_by_minute, leases to :relay, :reader;
grant execute on function relay_published to :api, :relay, :projector, :reader;

grant execute on function millrace_append to :api;
grant execute on function millrace_lock_log to :api;
grant execute on function millrace_save_snapshot to :api;
grant execute on function millrace_prune_keys to :api;
-- What came of timers, kept by whoever executes their commands.
grant select on timer_firings to :api, :reader;
grant execute on function timers_settle to :api;
grant execute on function timers_forget to :api;

grant insert, update (holder, token, lease_until) on leases to :relay;
grant insert, update (position, event_id, moved_at) on relay_cursors to :relay;
grant insert, delete on relay_publications to :relay;
grant insert, delete, update (status, retry_count, last_failed_at, next_attempt_at, last_error) on relay_failures to :relay;
grant execute on function relay_advance to :relay;
grant execute on function relay_settle to :relay;
grant execute on function relay_next_due to :relay;
-- What is decided about refused events, with who and why.
grant select on relay_decisions to :api, :reader;
grant execute on function relay_retry to :api;
grant execute on function relay_discard to :api;

grant insert, delete, update (status, received_at, processed_at, transit_ms, projection_processing_duration_ms, total_lag_ms)
  on lag_ledger to :relay;
grant update (position, rolled_up_to, moved_at) on lag_cursor to :relay;
grant insert, delete on lag_deleted, lag_metrics_by_minute to :relay;
-- Retention deletes what is old from the view.
grant delete on event_processing_lag to :relay;
grant insert, update on projection_checkpoints to :relay;
grant execute on function copy_lag_stamps to :relay;
grant execute on function roll_up_lag_metrics to :relay;
grant execute on function lag_rank to :relay;

--! read models
grant select on projection_builds, projection_checkpoints, event_lag_metrics, leases
  to :api, :relay, :projector, :reader;
grant select on dead_letters to :api, :projector, :reader;
-- Enough to say in a health check how many are parked.
grant select (projection_id, generation, status) on dead_letters to :relay;
grant select (projection_id, kind, state) on projection_operations to :relay;

grant select, delete on lag_stamps to :relay;
grant insert, update, delete on event_lag_metrics to :relay;
grant execute on function mirror_lag_metrics to :relay;

grant insert, update, delete on projection_builds, dead_letters to :projector;
grant insert, update (holder, token, lease_until) on leases to :projector;
grant select, insert, delete on lag_stamps to :projector;
grant execute on function advance_checkpoint to :projector;

-- What operators ask for: requested through a function, by whoever has the API; done by a projector, which asks as well:
-- it drops an old build when its time is over.
grant select on projection_operations to :api, :projector, :reader;
-- Enough to say in a health check whether a rebuild runs.
grant select (projection_id, kind, state) on projection_operations to :relay;
grant execute on function request_operation to :api, :projector;
grant update (state, asked, progress, result, error_code, error_message, error_fields, started_at, finished_at, lane, runner,
  token, runner_until) on projection_operations to :projector;

-- A rebuild makes the tables of the new build in a database schema of their own, and then the views in their place: so the
-- builds and the views belong to the projector's role. Whoever prepares the databases has to be a member of it.
grant create on database :database to :projector;
grant create on schema :schema to :projector;
do $$
begin
  if not pg_has_role(':projector', 'usage') then
    execute format('grant :projector to %I', current_user);
  end if;
end $$;
do $$
declare
  build record;
  part record;
  exposed text;
begin
  for build in
    select n.nspname from projection_builds b
    join pg_namespace n on n.nspname = replace(b.projection_id, '-', '_') || '_g' || b.generation
  loop
    execute format('alter schema %I owner to :projector', build.nspname);
    for part in
      select c.oid::regclass as name, c.relkind from pg_class c
      where c.relnamespace = build.nspname::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    loop
      execute format('alter table %s owner to :projector', part.name);
    end loop;
    for part in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = build.nspname::regnamespace loop
      execute format('alter routine %s owner to :projector', part.name);
    end loop;
  end loop;
  foreach exposed in array :exposes loop
    execute format('alter view %I owner to :projector', exposed);
    -- The owner's own rights went as well, above.
    execute format('grant all on %I to :projector', exposed);
    execute format('grant select on %I to :api, :reader', exposed);
  end loop;
end $$;
-- A view whose columns change is another view: it is readable from its first moment.
alter default privileges for role :projector in schema :schema grant select on tables to :api, :reader;
