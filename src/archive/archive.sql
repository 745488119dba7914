-- What the archive job keeps, and the one function that takes events out of the log. It runs with the rights of whoever
-- prepared the database and checks everything itself: whoever calls it wrongly changes nothing.

create table if not exists archive_state (
  only_row        boolean primary key default true check (only_row),
  -- Events that end a stream were looked for up to here. Another set of ending types begins anew.
  scanned_to      bigint not null default 0,
  ending_types    text not null default '',
  paused_at       timestamptz,
  paused_by       text,
  pause_reason    text,
  run_started_at  timestamptz,
  run_finished_at timestamptz,
  run_events      bigint not null default 0,
  run_error       text
);
insert into archive_state default values on conflict do nothing;

-- Closed streams that were passed over, and why; looked at again by every run.
create table if not exists archive_waiting (
  aggregate_id text primary key,
  version      bigint not null,
  reason       text not null,
  noted_at     timestamptz not null default clock_timestamp()
);

create or replace function archive_begin(file_name text) returns integer language sql
  security definer set search_path from current
as $$
  insert into archive_files (name, state, incarnation)
  values (file_name, 'writing', (select i.incarnation from log_info i)) returning id
$$;

-- Gives up what runs that died have begun. Waits for one that still commits: it holds its row. Names of files to delete.
create or replace function archive_abandon() returns setof text language sql
  security definer set search_path from current
as $$
  update archive_files set state = 'abandoned' where state = 'writing';
  delete from archive_files
  where state = 'abandoned' and incarnation is distinct from (select i.incarnation from log_info i);
  select name from archive_files where state = 'abandoned' order by id
$$;

-- Their files are gone.
create or replace function archive_forget(file_names text[]) returns void language sql
  security definer set search_path from current
as $$
  delete from archive_files where state = 'abandoned' and name = any (file_names)
$$;

-- Takes a batch out of the log, together with the record where it is now; all of it or nothing. MR010: the lease is
-- somebody else's. MR040: the file is not being written. MR041: the log does not hold exactly these events, or one is too
-- young. MR042: one was not published, is not copied to the ledger yet, or still has a row there. MR043: not the first
-- events of a stream, or nothing of it would stay.
create or replace function archive_batch(
  lease_name text, fence bigint, file integer, file_bytes bigint, file_sha256 text, cutoff timestamptz,
  e_position bigint[], e_id uuid[], e_stream text[], e_version bigint[], e_place bigint[], e_bytes integer[], e_checksum integer[]
) returns void language plpgsql
  security definer
  set search_path from current
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
as $$
declare
  wanted integer := cardinality(e_position);
  found_events integer;
  gone integer;
begin
  perform 1 from leases l where l.name = lease_name and l.token = fence for share;
  if not found then raise exception 'the archive lease is held by somebody else' using errcode = 'MR010'; end if;
  update archive_files set state = 'archived', events = wanted, bytes = file_bytes, sha256 = file_sha256,
    first_position = (select min(p) from unnest(e_position) p), last_position = (select max(p) from unnest(e_position) p),
    archived_at = clock_timestamp()
  where id = file and state = 'writing';
  if not found then raise exception 'the archive file is not being written' using errcode = 'MR040'; end if;

  select count(*) into found_events
  from unnest(e_position, e_id, e_stream, e_version) as u(position, id, stream, version)
  join :events e on e.position = u.position and e.event_id = u.id and e.aggregate_id = u.stream and e.version = u.version
  where e.created_at < cutoff;
  if wanted = 0 or found_events <> wanted then
    raise exception 'the log does not hold exactly these events' using errcode = 'MR041';
  end if;
  if exists (
    select from unnest(e_position) as u(position)
    where u.position > (select relay_published()) or u.position > (select c.position from lag_cursor c)
       or exists (select from relay_failures f where f.position = u.position)
       or exists (select from lag_ledger l where l.position = u.position)) then
    raise exception 'an event is still needed where it is' using errcode = 'MR042';
  end if;
  if exists (
    select from (
      select u.stream, min(u.version) as first, max(u.version) as last, count(*) as n
      from unnest(e_stream, e_version) as u(stream, version) group by u.stream) s
    where s.first <> 1 + coalesce((select cardinality(r.positions) from archived_streams r where r.aggregate_id = s.stream), 0)
       or s.last - s.first + 1 <> s.n
       or not exists (select from :events k where k.aggregate_id = s.stream and k.version > s.last)) then
    raise exception 'not the first events of a stream, or none of it would stay' using errcode = 'MR043';
  end if;

  insert into archived_events (position, event_id, file_id, place, bytes, checksum)
  select u.position, u.id, file, u.place, u.bytes, u.checksum
  from unnest(e_position, e_id, e_place, e_bytes, e_checksum) as u(position, id, place, bytes, checksum);
  insert into archived_streams as r (aggregate_id, positions)
  select u.stream, array_agg(u.position order by u.version)
  from unnest(e_stream, e_version, e_position) as u(stream, version, position) group by u.stream
  on conflict (aggregate_id) do update set positions = r.positions || excluded.positions;

  perform set_config('millrace.archiving', 'yes', true);
  delete from :events where position = any (e_position);
  get diagnostics gone = row_count;
  perform set_config('millrace.archiving', 'no', true);
  if gone <> wanted then raise exception 'the log does not hold exactly these events' using errcode = 'MR041'; end if;
  update archive_state set run_events = run_events + wanted;
end $$;

-- What a run writes down about itself: how far it looked, what it passed over, when it began and ended.
create or replace function archive_note(
  lease_name text, fence bigint, new_scanned_to bigint, types text, started boolean, finished boolean, error text,
  wait_stream text[] default '{}', wait_version bigint[] default '{}', wait_reason text[] default '{}', done_stream text[] default '{}'
) returns void language plpgsql security definer set search_path from current as $$
begin
  perform 1 from leases l where l.name = lease_name and l.token = fence for share;
  if not found then raise exception 'the archive lease is held by somebody else' using errcode = 'MR010'; end if;
  update archive_state set scanned_to = coalesce(new_scanned_to, scanned_to), ending_types = coalesce(types, ending_types),
    run_started_at = case when started then clock_timestamp() else run_started_at end,
    run_events = case when started then 0 else run_events end,
    run_finished_at = case when started then null when finished then clock_timestamp() else run_finished_at end,
    run_error = case when started then null when finished then error else run_error end;
  delete from archive_waiting where aggregate_id = any (done_stream);
  insert into archive_waiting as w (aggregate_id, version, reason)
  select u.stream, u.version, u.reason from unnest(wait_stream, wait_version, wait_reason) as u(stream, version, reason)
  on conflict (aggregate_id) do update set version = excluded.version, reason = excluded.reason
  where (w.version, w.reason) is distinct from (excluded.version, excluded.reason);
end $$;

-- Asks the job to stop before its next batch, and to go on. Who and why is kept.
create or replace function archive_pause(actor text, reason text) returns void language sql
  security definer set search_path from current
as $$
  update archive_state set paused_at = coalesce(paused_at, clock_timestamp()), paused_by = actor, pause_reason = reason
$$;
create or replace function archive_resume() returns void language sql
  security definer set search_path from current
as $$
  update archive_state set paused_at = null, paused_by = null, pause_reason = null
$$;

do $$
declare
  own record;
begin
  for own in select p.oid::regprocedure as signature from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.proname like 'archive\_%' loop
    execute format('revoke all on function %s from public', own.signature);
  end loop;
end $$;
