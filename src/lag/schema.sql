-- The lag ledger in the event store: one row for each event. Rows are copied here after the primary projection has
-- processed an event; until then the view tells what log and cursor know, so an event that is stuck shows as CREATED or
-- PUBLISHED although nobody is there to write that down.

create table if not exists lag_ledger (
  position      bigint primary key,
  event_id      uuid not null,
  event_name    text not null,
  aggregate_id  text not null,
  status        text not null check (status in ('PUBLISHED', 'PROCESSED', 'FAILED')),
  created_at    timestamptz not null,
  published_at  timestamptz,
  received_at   timestamptz,
  processed_at  timestamptz,
  outbox_wait_ms                    double precision,
  outbox_dispatch_duration_ms       double precision,
  transit_ms                        double precision,
  projection_processing_duration_ms double precision,
  total_lag_ms                      double precision
);
create index if not exists lag_ledger_event_name on lag_ledger (event_name, created_at);
create index if not exists lag_ledger_created_at on lag_ledger (created_at);
create index if not exists lag_ledger_unfinished on lag_ledger (position) where status <> 'PROCESSED';

-- The last position whose stamps were copied. The stamps themselves say how far they were copied: what is copied is
-- removed there, and copying twice changes nothing.
create table if not exists lag_cursor (
  only_row boolean primary key default true check (only_row),
  position bigint not null default 0,
  rolled_up_to timestamptz not null default '-infinity',
  moved_at timestamptz not null default clock_timestamp()
);
insert into lag_cursor default values on conflict do nothing;

-- Rows that were deleted from the view before they were copied; they stay deleted.
create table if not exists lag_deleted (position bigint primary key);

-- For each minute of creation and event type, what came of its events.
create table if not exists lag_metrics_by_minute (
  metric_timestamp timestamptz not null,
  event_name       text not null,
  events_created_count   bigint not null,
  events_published_count bigint not null,
  events_processed_count bigint not null,
  events_failed_count    bigint not null,
  average_lag_ms double precision,
  min_lag_ms     double precision,
  max_lag_ms     double precision,
  p50_lag_ms     double precision,
  p95_lag_ms     double precision,
  p99_lag_ms     double precision,
  primary key (metric_timestamp, event_name)
);

-- The mirror in the read-model database takes what changed since it last looked.
alter table lag_metrics_by_minute add column if not exists changed_at timestamptz not null default clock_timestamp();
create index if not exists lag_metrics_changed on lag_metrics_by_minute (changed_at);

-- Minutes that were summed up already, and of which an event was processed, or parked, since.
create table if not exists lag_dirty_minutes (
  metric_timestamp timestamptz not null,
  event_name       text not null,
  primary key (metric_timestamp, event_name)
);

-- How many rows retention has deleted, ever.
alter table lag_cursor add column if not exists rows_deleted bigint not null default 0;
alter table lag_cursor add column if not exists minutes_deleted bigint not null default 0;

-- The read-model database's checkpoints as the copier saw them last; mirrored_at says how old that is.
create table if not exists projection_checkpoints (
  projection_id   text primary key,
  generation      integer not null,
  last_position   bigint not null,
  last_event_id   uuid,
  incarnation     uuid,
  last_version    bigint not null,
  is_healthy      boolean not null,
  error_message   text,
  last_updated_at timestamptz not null,
  mirrored_at     timestamptz not null
);

-- What the ledger has not copied yet: told by log, cursor and publications.
create or replace view lag_pending as
  select e.event_id, e.position, e.event_name, e.aggregate_id,
         case when e.position <= (select relay_published())
                and not exists (select from relay_failures f where f.position = e.position) then 'PUBLISHED' else 'CREATED' end as status,
         e.occurred_at as created_at, e.occurred_at as event_created_at,
         -- When the clocks disagree, a stamp is moved to the one before it: as in copy_lag_stamps.
         case when p.confirmed_at is not null then greatest(p.confirmed_at, p.handed_at, e.occurred_at) end as event_published_at,
         null::timestamptz as event_received_at, null::timestamptz as projection_processed_at,
         case when p.handed_at is not null then extract(epoch from greatest(p.handed_at - e.occurred_at, interval '0'))::float8 * 1000 end
           as outbox_wait_ms,
         case when p.handed_at is not null then
           extract(epoch from greatest(p.confirmed_at - greatest(p.handed_at, e.occurred_at), interval '0'))::float8 * 1000 end
           as outbox_dispatch_duration_ms,
         null::float8 as transit_ms, null::float8 as projection_processing_duration_ms, null::float8 as total_lag_ms
  from :events e
  left join lateral (
    select r.handed_at, r.confirmed_at, r.first_position from relay_publications r
    where r.last_position >= e.position order by r.last_position limit 1) p on p.first_position <= e.position
  -- Asked once and not joined: a plan that begins with the events would look at all of them.
  where e.position > (select c.position from lag_cursor c)
    and not exists (select from lag_deleted d where d.position = e.position);

create or replace view lag_copied as
  select l.event_id, l.position, l.event_name, l.aggregate_id, l.status, l.created_at,
         l.created_at as event_created_at, l.published_at as event_published_at, l.received_at as event_received_at,
         l.processed_at as projection_processed_at, l.outbox_wait_ms, l.outbox_dispatch_duration_ms, l.transit_ms,
         l.projection_processing_duration_ms, l.total_lag_ms
  from lag_ledger l;

create or replace view event_processing_lag as select * from lag_copied union all select * from lag_pending;

create or replace function delete_lag() returns trigger language plpgsql as $$
begin
  -- The copier holds this row while it writes: so it either has copied the event, or meets the tombstone.
  perform 1 from lag_cursor for share;
  delete from lag_ledger where position = old.position;
  insert into lag_deleted select old.position from lag_cursor c where c.position < old.position on conflict do nothing;
  return old;
end $$;
create or replace trigger event_processing_lag_delete instead of delete on event_processing_lag
  for each row execute function delete_lag();

create or replace view event_lag_metrics as
  select m.metric_timestamp, m.event_name, m.events_created_count, m.events_published_count, m.events_processed_count,
         m.events_failed_count, m.average_lag_ms, m.min_lag_ms, m.max_lag_ms, m.p50_lag_ms, m.p95_lag_ms, m.p99_lag_ms
  -- All of them lie before rolled_up_to. Without a condition the newest minutes come from the end of the key, however many
  -- there are.
  from lag_metrics_by_minute m
  union all
  select date_trunc('minute', v.created_at), v.event_name, count(*), count(*) filter (where v.status <> 'CREATED'),
         count(*) filter (where v.status = 'PROCESSED'), count(*) filter (where v.status = 'FAILED'),
         avg(v.total_lag_ms), min(v.total_lag_ms), max(v.total_lag_ms),
         percentile_cont(0.5) within group (order by v.total_lag_ms),
         percentile_cont(0.95) within group (order by v.total_lag_ms),
         percentile_cont(0.99) within group (order by v.total_lag_ms)
  from event_processing_lag v
  where v.created_at >= (select rolled_up_to from lag_cursor)
  group by 1, 2;

-- Sums up the minutes that are over, and again those that changed since. Doing it twice changes nothing. A sum that has
-- fewer events than the one before is of a minute whose rows retention has begun to delete: then the old one stays, and
-- only learns what came late.
create or replace function roll_up_lag_metrics(up_to timestamptz) returns void language plpgsql as $$
declare
  since timestamptz;
begin
  select rolled_up_to into since from lag_cursor for update;
  with late as (
    delete from lag_dirty_minutes d where d.metric_timestamp < greatest(since, up_to) returning d.metric_timestamp, d.event_name
  ), rows as (
    select date_trunc('minute', l.created_at) as minute, l.event_name, l.status, l.total_lag_ms
    from lag_ledger l where l.created_at >= since and l.created_at < up_to
    union all
    select d.metric_timestamp, l.event_name, l.status, l.total_lag_ms
    from late d join lag_ledger l on l.event_name = d.event_name
      and l.created_at >= d.metric_timestamp and l.created_at < d.metric_timestamp + interval '1 minute'
    where d.metric_timestamp < since
    union all
    select date_trunc('minute', p.created_at), p.event_name, p.status, null
    from lag_pending p
    where p.created_at >= since and p.created_at < up_to or p.created_at < since
      and (date_trunc('minute', p.created_at), p.event_name) in (select d.metric_timestamp, d.event_name from late d)
  )
  insert into lag_metrics_by_minute as m (metric_timestamp, event_name, events_created_count, events_published_count,
    events_processed_count, events_failed_count, average_lag_ms, min_lag_ms, max_lag_ms, p50_lag_ms, p95_lag_ms, p99_lag_ms)
  select r.minute, r.event_name, count(*), count(*) filter (where r.status <> 'CREATED'),
         count(*) filter (where r.status = 'PROCESSED'), count(*) filter (where r.status = 'FAILED'),
         avg(r.total_lag_ms), min(r.total_lag_ms), max(r.total_lag_ms),
         percentile_cont(0.5) within group (order by r.total_lag_ms),
         percentile_cont(0.95) within group (order by r.total_lag_ms),
         percentile_cont(0.99) within group (order by r.total_lag_ms)
  from rows r
  group by 1, 2
  on conflict (metric_timestamp, event_name) do update set
    events_created_count = greatest(m.events_created_count, excluded.events_created_count),
    events_published_count = greatest(m.events_published_count, excluded.events_published_count),
    events_processed_count = greatest(m.events_processed_count, excluded.events_processed_count),
    events_failed_count = case when excluded.events_created_count < m.events_created_count
      then least(m.events_failed_count, m.events_created_count - greatest(m.events_processed_count, excluded.events_processed_count))
      else excluded.events_failed_count end,
    average_lag_ms = case when excluded.events_created_count < m.events_created_count then m.average_lag_ms else excluded.average_lag_ms end,
    min_lag_ms = case when excluded.events_created_count < m.events_created_count then least(m.min_lag_ms, excluded.min_lag_ms) else excluded.min_lag_ms end,
    max_lag_ms = case when excluded.events_created_count < m.events_created_count then greatest(m.max_lag_ms, excluded.max_lag_ms) else excluded.max_lag_ms end,
    p50_lag_ms = case when excluded.events_created_count < m.events_created_count then m.p50_lag_ms else excluded.p50_lag_ms end,
    p95_lag_ms = case when excluded.events_created_count < m.events_created_count then m.p95_lag_ms else excluded.p95_lag_ms end,
    p99_lag_ms = case when excluded.events_created_count < m.events_created_count then m.p99_lag_ms else excluded.p99_lag_ms end,
    changed_at = clock_timestamp();
  update lag_cursor set rolled_up_to = greatest(since, up_to);
end $$;

-- Deletes one page of ledger rows, and one of minutes, that are older than wanted, the oldest first. A row goes when its
-- minute is summed up; one of an event that is not done yet stays, however old. The copier holds the cursor's row while
-- it writes.
create or replace function lag_prune(keep_rows interval, keep_minutes interval, page integer, out rows bigint, out minutes bigint)
language plpgsql security definer set search_path from current as $$
declare
  known lag_cursor;
begin
  select * into known from lag_cursor for update;
  with old as (
    select l.position from lag_ledger l
    where l.created_at < least(clock_timestamp() - keep_rows, known.rolled_up_to) and l.status in ('PROCESSED', 'FAILED')
      and not exists (select from lag_dirty_minutes d
        where d.metric_timestamp = date_trunc('minute', l.created_at) and d.event_name = l.event_name)
    order by l.created_at limit page
  ), gone as (
    delete from lag_ledger l using old where l.position = old.position returning 1
  )
  select count(*) into rows from gone;
  with old as (
    select m.metric_timestamp, m.event_name from lag_metrics_by_minute m
    where m.metric_timestamp < clock_timestamp() - keep_minutes
    order by m.metric_timestamp limit page
  ), gone as (
    delete from lag_metrics_by_minute m using old
    where m.metric_timestamp = old.metric_timestamp and m.event_name = old.event_name returning 1
  )
  select count(*) into minutes from gone;
  if rows + minutes > 0 then
    update lag_cursor set rows_deleted = rows_deleted + rows, minutes_deleted = minutes_deleted + minutes;
  end if;
end $$;
revoke all on function lag_prune(interval, interval, integer) from public;

-- Which state an event can be in after which: a copy that comes late never takes one back.
create or replace function lag_rank(status text) returns integer language sql immutable as $$
  select case status when 'PUBLISHED' then 1 when 'FAILED' then 2 when 'PROCESSED' then 3 else 0 end
$$;

-- Copies runs of stamps into the ledger, for one system's primary projection. Doing it twice, or late, changes nothing:
-- positions behind the cursor are only updated, and only forward. A row that is not there any more was deleted, and
-- stays deleted. A run whose last event the log does not have is about a log that was replaced, and is passed over.
--
-- The parts of the lag are cut so that none is negative and they add up to the total, whatever the clocks say: each
-- stamp is moved to the one before it when it lies before it.
create or replace function copy_lag_stamps(
  firsts bigint[], lasts bigint[], last_events uuid[],
  handed timestamptz[], received timestamptz[], processed timestamptz[], statuses text[]
) returns bigint language plpgsql
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
as $$
declare
  known lag_cursor;
  highest bigint;
begin
  select * into known from lag_cursor for update;

  with runs as (
    select r.* from unnest(firsts, lasts, last_events, handed, received, processed, statuses) with ordinality
      as r(first, last, last_event, handed, received, processed, status, n)
    where exists (select from :events e where e.position = r.last and e.event_id = r.last_event)
  ), newest as (
    -- An event that was stamped twice in one copy (parked, then retried) counts once, at its furthest.
    select distinct on (e.position) e.position, e.event_id, e.event_name, e.aggregate_id, e.occurred_at,
           r.status, r.handed, r.received, r.processed
    from runs r join :events e on e.position between r.first and r.last
    order by e.position, lag_rank(r.status) desc, r.n desc
  ), stamped as (
    select s.position, s.event_id, s.event_name, s.aggregate_id, s.status, s.occurred_at, t2.received, t3.handed, t4.confirmed,
           case when s.status = 'PROCESSED' then greatest(s.processed, t2.received) end as processed
    from newest s
    left join lateral (
      select q.handed_at, q.confirmed_at, q.first_position from relay_publications q
      where q.last_position >= s.position order by q.last_position limit 1) p on p.first_position <= s.position
    cross join lateral (select greatest(s.received, s.occurred_at) as received) t2
    cross join lateral (
      select greatest(least(coalesce(s.handed, p.handed_at, t2.received), t2.received), s.occurred_at) as handed) t3
    cross join lateral (
      select least(greatest(coalesce(p.confirmed_at, t3.handed), t3.handed), t2.received) as confirmed) t4
  ), written as (
    insert into lag_ledger as l (position, event_id, event_name, aggregate_id, status, created_at, published_at, received_at,
      processed_at, outbox_wait_ms, outbox_dispatch_duration_ms, transit_ms, projection_processing_duration_ms, total_lag_ms)
    select s.position, s.event_id, s.event_name, s.aggregate_id, s.status, s.occurred_at, s.confirmed, s.received,
      s.processed, extract(epoch from s.handed - s.occurred_at)::float8 * 1000,
      extract(epoch from s.confirmed - s.handed)::float8 * 1000, extract(epoch from s.received - s.confirmed)::float8 * 1000,
      extract(epoch from s.processed - s.received)::float8 * 1000, extract(epoch from s.processed - s.occurred_at)::float8 * 1000
    from stamped s
    where s.position > known.position and not exists (select from lag_deleted d where d.position = s.position)
    on conflict (position) do nothing
    returning l.created_at, l.event_name
  ), mended as (
    update lag_ledger l set status = s.status, received_at = t.received, processed_at = t.processed,
      transit_ms = extract(epoch from t.received - l.published_at)::float8 * 1000,
      projection_processing_duration_ms = extract(epoch from t.processed - t.received)::float8 * 1000,
      total_lag_ms = extract(epoch from t.processed - l.created_at)::float8 * 1000
    from stamped s
    join lag_ledger before on before.position = s.position
    cross join lateral (
      select greatest(s.received, before.published_at) as received,
             case when s.status = 'PROCESSED' then greatest(s.processed, s.received, before.published_at) end as processed) t
    where s.position <= known.position and l.position = s.position and lag_rank(s.status) > lag_rank(l.status)
    returning l.created_at, l.event_name
  ), late as (
    insert into lag_dirty_minutes (metric_timestamp, event_name)
    select distinct date_trunc('minute', c.created_at), c.event_name
    from (select created_at, event_name from written union all select created_at, event_name from mended) c
    where c.created_at < known.rolled_up_to
    on conflict do nothing
  )
  select max(s.position) into highest from stamped s;

  update lag_cursor c set position = greatest(c.position, coalesce(highest, 0)), moved_at = clock_timestamp();
  delete from lag_deleted where position <= greatest(known.position, coalesce(highest, 0));
  delete from relay_publications p where p.last_position < greatest(known.position, coalesce(highest, 0)) - 10000;
  return greatest(known.position, coalesce(highest, 0));
end $$;
