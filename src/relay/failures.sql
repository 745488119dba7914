-- What becomes of events that a broker refused: retried by the relay, or decided about by somebody.

-- Writes down what a retry of one key came to: these were published, and this one (null: none) was refused again. The
-- pauses are those of the schedule, in milliseconds; behind the last one the event waits for a decision. When none was
-- refused the next one of the key is due, so that whoever comes next goes on with it.
create or replace function relay_settle(
  destination_name text, lease_name text, fence bigint, key text, published bigint[], handed timestamptz,
  confirmed timestamptz, refused bigint, error text, pauses float8[]
) returns void language plpgsql as $$
begin
  perform 1 from leases l where l.name = lease_name and l.token = fence for share;
  if not found then
    raise exception 'the relay lease is held by somebody else' using errcode = 'MR010';
  end if;
  delete from relay_failures where destination = destination_name and position = any (published);
  insert into relay_publications (destination, first_position, last_position, handed_at, confirmed_at)
  select destination_name, p, p, handed, confirmed from unnest(published) as p
  on conflict do nothing;
  if refused is null then
    perform relay_next_due(destination_name, key);
    return;
  end if;
  update relay_failures
     set retry_count = retry_count + 1, last_failed_at = clock_timestamp(), last_error = error,
         next_attempt_at = clock_timestamp() + pauses[retry_count + 1] * interval '1 millisecond',
         status = case when pauses[retry_count + 1] is null then 'MANUAL' else 'FAILED' end
   where destination = destination_name and position = refused and status <> 'DISCARDED';
end $$;

-- Makes the first event of a key due, when it is one that waited.
create or replace function relay_next_due(destination_name text, key text) returns void language sql as $$
  update relay_failures set next_attempt_at = clock_timestamp()
   where id = (select f.id from relay_failures f
               where f.destination = destination_name and f.ordering_key = key and f.status <> 'DISCARDED'
               order by f.position limit 1)
     and next_attempt_at is null and status = 'PENDING'
$$;

-- Every decision about refused events, with who and why. Rows of relay_failures go; these stay.
create table if not exists relay_decisions (
  id           bigint generated always as identity primary key,
  decided_at   timestamptz not null default clock_timestamp(),
  action       text not null check (action in ('retry', 'discard')),
  destination  text not null,
  ordering_key text not null,
  position     bigint not null,
  -- What was known of the event when the decision was made.
  retry_count  integer not null,
  last_error   text,
  actor        text not null check (actor <> ''),
  reason       text
);

-- Makes the first events of parked keys due: of one row's key (row_id), or of all keys that fit. The relay looks once a
-- second while something is parked. Returns how many keys. A role that may call this need not be able to write anything.
create or replace function relay_retry(
  row_id bigint, destination_name text, key text, event_type text, decided_by text, why text
) returns bigint language plpgsql security definer set search_path from current as $$
declare
  keys bigint;
begin
  with first as (
    select distinct on (f.destination, f.ordering_key) f.*
    from relay_failures f
    where f.status <> 'DISCARDED'
      and (row_id is null or (f.destination, f.ordering_key) =
        (select o.destination, o.ordering_key from relay_failures o where o.id = row_id and o.status <> 'DISCARDED'))
      and (destination_name is null or f.destination = destination_name)
      and (key is null or f.ordering_key = key)
    order by f.destination, f.ordering_key, f.position
  ), wanted as (
    select f.* from first f join :events e on e.position = f.position where event_type is null or e.event_name = event_type
  ), due as (
    update relay_failures f set next_attempt_at = clock_timestamp() from wanted w where f.id = w.id returning f.id
  )
  insert into relay_decisions (action, destination, ordering_key, position, retry_count, last_error, actor, reason)
  select 'retry', w.destination, w.ordering_key, w.position, w.retry_count, w.last_error, decided_by, why
  from wanted w where w.id in (select d.id from due d);
  get diagnostics keys = row_count;
  return keys;
end $$;

-- Gives the first event of a key up: it is never published, and the ones behind it go on. MR031: there is no such row.
-- MR032: an earlier event of its key goes first.
create or replace function relay_discard(row_id bigint, decided_by text, why text) returns bigint
language plpgsql security definer set search_path from current as $$
declare
  one relay_failures;
begin
  select * into one from relay_failures where id = row_id and status <> 'DISCARDED' for update;
  if not found then
    raise exception 'there is no refused event %', row_id using errcode = 'MR031';
  end if;
  if exists (select from relay_failures f where f.destination = one.destination and f.ordering_key = one.ordering_key
               and f.status <> 'DISCARDED' and f.position < one.position) then
    raise exception 'an earlier event of the key goes first' using errcode = 'MR032';
  end if;
  update relay_failures set status = 'DISCARDED', next_attempt_at = null where id = row_id;
  perform relay_next_due(one.destination, one.ordering_key);
  insert into relay_decisions (action, destination, ordering_key, position, retry_count, last_error, actor, reason)
  values ('discard', one.destination, one.ordering_key, one.position, one.retry_count, one.last_error, decided_by, why);
  return (select count(*) from relay_failures f where f.destination = one.destination
            and f.ordering_key = one.ordering_key and f.status <> 'DISCARDED');
end $$;

revoke all on function relay_retry(bigint, text, text, text, text, text) from public;
revoke all on function relay_discard(bigint, text, text) from public;
