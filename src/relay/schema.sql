-- The relay's state in the event store. The log is the outbox: publishing costs no write per event, only a cursor for
-- each destination, and a row for an event that could not be published.

create table if not exists relay_cursors (
  destination text primary key,
  position    bigint not null default 0,
  event_id    uuid,
  moved_at    timestamptz not null default clock_timestamp()
);

-- One row for each batch that was published: when, and how long the broker took to confirm. Rows that the ledger has
-- copied are removed.
create table if not exists relay_publications (
  destination    text not null,
  last_position  bigint not null,
  first_position bigint not null,
  handed_at      timestamptz not null,
  confirmed_at   timestamptz not null,
  primary key (destination, last_position)
);

-- Events that the broker refused, and those behind them of the same ordering key (the stream), which wait so that the
-- order inside the key holds on the broker as well. A row goes when its event was published. The first row of a key is
-- the only one with a next attempt. FAILED: tried again then. MANUAL: tried again when somebody says so. PENDING: waits
-- for the one before it. DISCARDED: given up for good; it stays, since the event was never published.
create table if not exists relay_failures (
  destination     text not null,
  position        bigint not null,
  ordering_key    text not null,
  status          text not null,
  retry_count     integer not null default 0,
  last_failed_at  timestamptz,
  next_attempt_at timestamptz,
  last_error      text,
  primary key (destination, position)
);
alter table relay_failures alter column last_failed_at drop not null;
alter table relay_failures alter column last_failed_at drop default;
alter table relay_failures add column if not exists id bigint generated always as identity;
alter table relay_failures drop constraint if exists relay_failures_status_check;
alter table relay_failures add constraint relay_failures_status_check
  check (status in ('FAILED', 'PENDING', 'MANUAL', 'DISCARDED'));
create unique index if not exists relay_failures_id on relay_failures (id);
create index if not exists relay_failures_position on relay_failures (position);
create index if not exists relay_failures_key on relay_failures (destination, ordering_key, position)
  where status <> 'DISCARDED';
create index if not exists relay_failures_first on relay_failures (destination, ordering_key)
  where status in ('FAILED', 'MANUAL') or next_attempt_at is not null;

-- Ledger look-ups ask which batch a position was in, whatever the destination.
create index if not exists relay_publications_last_position on relay_publications (last_position);

-- Moves the cursor and writes down what was published. Raises when the lease went to somebody else meanwhile: a relay
-- that wakes up late moves nothing. Raises as well when the cursor is not where the relay left it, or the log does not
-- have the event that was published at its new place: then a backup was put back, and the relay has to look anew.
-- The same call again changes nothing, so a call whose outcome is unknown is repeated.
--
-- What was passed over on the way gets its rows here: an event with an error was refused and is tried again after
-- first_pause milliseconds (null: not by itself), one without waits behind such a one.
drop function if exists relay_advance(
  text, text, bigint, bigint, uuid, bigint, uuid, bigint[], bigint[], timestamptz[], timestamptz[]);
create or replace function relay_advance(
  destination_name text, lease_name text, fence bigint, from_position bigint, from_event uuid, new_position bigint,
  new_event uuid, first_positions bigint[], last_positions bigint[], handed timestamptz[], confirmed timestamptz[],
  failed_positions bigint[] default '{}', failed_keys text[] default '{}', failed_errors text[] default '{}',
  first_pause float8 default null
) returns void language plpgsql as $$
declare
  known relay_cursors;
begin
  -- The cursor may lag behind after a crash of the server: what came after it is published again, and consumers pass
  -- over it. It never runs ahead, since the events' commits come earlier in the same write-ahead log. A flush for each
  -- publication would stand in the way of the appends' own.
  perform set_config('synchronous_commit', 'off', true);
  perform 1 from leases l where l.name = lease_name and l.token = fence for share;
  if not found then
    raise exception 'the relay lease is held by somebody else' using errcode = 'MR010';
  end if;
  select * into known from relay_cursors where destination = destination_name for update;
  if known.position = new_position and known.event_id = new_event then return; end if;
  if coalesce(known.position, 0) <> from_position or known.event_id is distinct from from_event
     or not (exists (select from :events e where e.position = new_position and e.event_id = new_event)
       or exists (select from archived_events a where a.position = new_position and a.event_id = new_event)) then
    raise exception 'the relay cursor or the log was changed' using errcode = 'MR012';
  end if;
  insert into relay_publications (destination, first_position, last_position, handed_at, confirmed_at)
  select destination_name, p.f, p.l, p.h, p.c
  from unnest(first_positions, last_positions, handed, confirmed) as p(f, l, h, c)
  on conflict do nothing;
  insert into relay_failures (destination, position, ordering_key, status, retry_count, last_failed_at, next_attempt_at, last_error)
  select destination_name, f.p, f.k,
         case when f.e is null then 'PENDING' when first_pause is null then 'MANUAL' else 'FAILED' end,
         case when f.e is null then 0 else 1 end, case when f.e is not null then clock_timestamp() end,
         case when f.e is not null then clock_timestamp() + first_pause * interval '1 millisecond' end, f.e
  from unnest(failed_positions, failed_keys, failed_errors) as f(p, k, e)
  on conflict do nothing;
  insert into relay_cursors as c (destination, position, event_id) values (destination_name, new_position, new_event)
  on conflict (destination) do update
    set position = excluded.position, event_id = excluded.event_id, moved_at = clock_timestamp();
  -- Kept for the ledger, which copies them when the projector is back; not without bound.
  delete from relay_publications where destination = destination_name and last_position < new_position - 1000000;
end $$;

-- What was published: by the cursor that moved last, which is the one of the broker in use; nothing when there is no
-- relay yet. One of a broker that was used before stands still, and says nothing.
create or replace function relay_published() returns bigint language sql stable as $$
  select coalesce((select c.position from relay_cursors c order by c.moved_at desc, c.position desc limit 1), 0)
$$;

create or replace view :outbox as
  select e.event_id, e.position, e.aggregate_id, e.event_name, e.payload, e.metadata, e.created_at, e.occurred_at,
         true as published, 'PUBLISHED'::text as status, 0 as retry_count, null::timestamptz as last_failed_at,
         null::timestamptz as next_attempt_at, null::text as last_error
  from :events e
  where e.position <= (select relay_published())
    and not exists (select from relay_failures f where f.position = e.position)
  union all
  select e.event_id, e.position, e.aggregate_id, e.event_name, e.payload, e.metadata, e.created_at, e.occurred_at,
         false, 'PENDING', 0, null, null, null
  from :events e
  where e.position > (select relay_published())
    and not exists (select from relay_failures f where f.position = e.position)
  union all
  select e.event_id, e.position, e.aggregate_id, e.event_name, e.payload, e.metadata, e.created_at, e.occurred_at,
         false, f.status, f.retry_count, f.last_failed_at, f.next_attempt_at, f.last_error
  from relay_failures f join :events e on e.position = f.position;
