-- Appends a whole batch of requests in one round trip. A request (a "group" here) is stored as a whole or not at all;
-- groups that fail a check are named in the answer and leave nothing behind, the others are stored.
--
-- Order is everything: the lock comes first, and each check is a statement that begins after the lock is held, so that
-- it sees whatever was committed before. (A check in the statement that waits for the lock would look at a snapshot
-- from before the wait, and both racers would pass.) The position is read from the end of the primary key, so even a
-- check on a stale snapshot would collide there instead of committing.
--
-- e_*: the events in order, one element each; e_version 0 means "whatever comes next in that stream".
-- t_*: their tags, t_event counts the events from 1.   v_*: expected versions.   c_*: conditions; c_more and c_types are
-- lists joined with U+001F.   k_*: command keys; k_first counts the events from 1, 0 for a key without an event.
-- present: refused groups that have an event in the log already, so they were stored before, or their ids were used.
create or replace function millrace_append(
  e_group integer[], e_id uuid[], e_stream text[], e_version bigint[], e_type text[], e_schema integer[],
  e_payload json[], e_metadata json[], e_tags text[], e_occurred timestamptz[],
  t_event integer[], t_tag text[],
  v_group integer[], v_stream text[], v_expected bigint[],
  c_group integer[], c_tag text[], c_more text[], c_types text[], c_after bigint[],
  k_group integer[], k_key uuid[], k_hash uuid[], k_answer json[], k_first integer[], k_count integer[],
  out head bigint, out stale integer[], out excluded integer[], out known integer[], out present integer[],
  out versions bigint[]
) language plpgsql
  -- Runs with the rights of whoever prepared the database: the writers' role may call this, and insert nothing itself.
  security definer
  set search_path from current
  -- Plans are made while tables are small and kept: without these, look-ups turn into sequential scans later.
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan
  set jit = off
as $$
declare
  rejected integer[];
  places bigint[];
  said text;
  newest_archived uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append needs read committed' using errcode = 'MR002';
  end if;
  perform 1 from log_lock for update;
  if not found then
    raise exception 'the lock row of the log is missing' using errcode = 'MR003';
  end if;
  select e.position into head from :events e order by e.position desc limit 1;
  head := coalesce(head, 0);

  if cardinality(v_group) > 0 then
    select array_agg(v.g) into stale
    from unnest(v_group, v_stream, v_expected) as v(g, stream, expected)
    where v.expected <> coalesce(
      (select e.version from :events e where e.aggregate_id = v.stream order by e.version desc limit 1), 0);
    rejected := stale;
  end if;
  if cardinality(c_group) > 0 then
    if exists (select from unnest(c_after) as a(after) where a.after > head) then
      raise exception 'a condition lies beyond the head of the log' using errcode = 'MR004';
    end if;
    select array_agg(distinct c.g) into excluded
    from unnest(c_group, c_tag, c_more, c_types, c_after) as c(g, tag, more, types, after)
    where exists (
      select from event_tags t
      where t.tag = c.tag and t.position > c.after
        and (c.types is null or t.event_name = any (string_to_array(c.types, E'\x1f')))
        and (c.more is null or not exists (
          select from unnest(string_to_array(c.more, E'\x1f')) as m(tag)
          where not exists (select from event_tags o where o.tag = m.tag and o.position = t.position))));
    if excluded is not null then rejected := coalesce(rejected, '{}') || excluded; end if;
  end if;
  if cardinality(k_group) > 0 then
    select array_agg(distinct k.g) into known
    from unnest(k_group, k_key) as k(g, key)
    where exists (select from command_keys s where s.key = k.key);
    if known is not null then rejected := coalesce(rejected, '{}') || known; end if;
  end if;
  if rejected is not null then
    select array_agg(distinct e.g) into present
    from unnest(e_group, e_id) as e(g, id)
    where e.g = any (rejected) and (exists (select from :events s where s.event_id = e.id)
      or exists (select from archived_events a where a.event_id = e.id));
  end if;
  -- The index of the log does not know the ids of archived events any more. They are old, and ids grow with time: one
  -- comparison is enough for a new one.
  select a.event_id into newest_archived from archived_events a order by a.event_id desc limit 1;
  if newest_archived is not null
     and exists (select from unnest(e_id) as e(id) where e.id <= newest_archived
       and exists (select from archived_events a where a.event_id = e.id)) then
    raise exception 'an event of this id was archived' using errcode = '23505';
  end if;

  -- What is refused leaves no hole in the versions of a stream that several groups write to.
  if 0 = any (e_version) then
    select array_agg(n.version order by n.n) into versions
    from (
      select e.n, case when e.version > 0 then e.version else
        coalesce((select s.version from :events s where s.aggregate_id = e.stream order by s.version desc limit 1), 0)
          + row_number() over (partition by e.stream, e.g = any (rejected) order by e.n) end as version
      from unnest(e_group, e_stream, e_version) with ordinality as e(g, stream, version, n)
    ) n;
    e_version := versions;
  end if;

  -- For the guards of the tables. Not a setting of the function: only a superuser could make it then.
  said := set_config('millrace.appending', 'yes', true);
  if rejected is null then
    insert into :events (position, event_id, aggregate_id, version, event_name, schema_version,
                         payload, metadata, tags, occurred_at)
    select head + e.n, e.id, e.stream, e.version, e.type, e.schema, e.payload, e.metadata,
           string_to_array(e.tags, E'\x1f'), e.occurred
    from unnest(e_id, e_stream, e_version, e_type, e_schema, e_payload, e_metadata, e_tags, e_occurred)
         with ordinality as e(id, stream, version, type, schema, payload, metadata, tags, occurred, n);
    if cardinality(t_event) > 0 then
      insert into event_tags (tag, position, event_name)
      select t.tag, head + t.event, e_type[t.event] from unnest(t_event, t_tag) as t(event, tag);
    end if;
    if cardinality(k_group) > 0 then
      insert into command_keys (key, request_hash, answer, first_position, event_count)
      select k.key, k.hash, k.answer, head + k.first, k.count
      from unnest(k_key, k_hash, k_answer, k_first, k_count) as k(key, hash, answer, first, count);
    end if;
  else
    select array_agg(case when e.g = any (rejected) then null else head + e.place end order by e.n) into places
    from (
      select g, n, count(*) filter (where g <> all (rejected)) over (order by n) as place
      from unnest(e_group) with ordinality as u(g, n)
    ) e;
    insert into :events (position, event_id, aggregate_id, version, event_name, schema_version,
                         payload, metadata, tags, occurred_at)
    select e.place, e.id, e.stream, e.version, e.type, e.schema, e.payload, e.metadata,
           string_to_array(e.tags, E'\x1f'), e.occurred
    from unnest(places, e_id, e_stream, e_version, e_type, e_schema, e_payload, e_metadata, e_tags, e_occurred)
         as e(place, id, stream, version, type, schema, payload, metadata, tags, occurred)
    where e.place is not null;
    insert into event_tags (tag, position, event_name)
    select t.tag, places[t.event], e_type[t.event] from unnest(t_event, t_tag) as t(event, tag)
    where places[t.event] is not null;
    insert into command_keys (key, request_hash, answer, first_position, event_count)
    select k.key, k.hash, k.answer, coalesce(places[k.first], head), k.count
    from unnest(k_group, k_key, k_hash, k_answer, k_first, k_count) as k(g, key, hash, answer, first, count)
    where k.g <> all (rejected);
  end if;
  said := set_config('millrace.appending', 'no', true);
end $$;
revoke all on function millrace_append from public;
