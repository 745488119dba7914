-- The event store of one log. :events and :outbox are the names that the application chose; the rest is the same for
-- every log, so several logs live in several schemas. Every statement can run again without harm.

create table if not exists log_info (
  only_row    boolean primary key default true check (only_row),
  log         text not null,
  incarnation uuid not null default gen_random_uuid(),
  fingerprint text not null,
  created_at  timestamptz not null default clock_timestamp()
);

-- Whoever appends locks this row first. It is never updated: an updated row grows a chain of versions under any old
-- snapshot, and every append would walk it.
create table if not exists log_lock (only_row boolean primary key default true check (only_row));
insert into log_lock default values on conflict do nothing;

create table if not exists :events (
  position       bigint primary key,
  event_id       uuid not null,
  aggregate_id   text not null,
  version        bigint not null,
  event_name     text not null,
  schema_version integer not null,
  payload        json not null,
  metadata       json not null,
  tags           text[],
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default clock_timestamp(),
  constraint :events_event_id unique (event_id),
  constraint :events_stream unique (aggregate_id, version)
);

create table if not exists event_tags (
  tag        text not null,
  position   bigint not null,
  event_name text not null,
  constraint event_tags_tag primary key (tag, position)
);

create table if not exists command_keys (
  key            uuid not null,
  request_hash   uuid not null,
  answer         json not null,
  first_position bigint not null,
  event_count    integer not null,
  created_at     timestamptz not null default clock_timestamp(),
  constraint command_keys_key primary key (key)
);
-- Keys are pruned by age in the order they came, which is the order they lie on disk: a block range index finds the
-- old ones and costs an insert next to nothing.
create index if not exists command_keys_age on command_keys using brin (created_at) with (pages_per_range = 16);

create table if not exists snapshots (
  name          text primary key,
  position      bigint not null,
  state_version integer not null,
  state         json not null,
  taken_at      timestamptz not null default clock_timestamp()
);

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'MR001';
end $$;

-- Only the append function may insert; it says so while it does. Changes and deletions are refused to everyone.
create or replace function refuse_raw_insert() returns trigger language plpgsql as $$
begin
  if current_setting('millrace.appending', true) is distinct from 'yes' then
    raise exception 'the log is append-only: raw inserts into % are refused', tg_table_name using errcode = 'MR001';
  end if;
  return null;
end $$;

-- Only the archive's function may delete, and only what it has put into a file before; it says so while it does.
create or replace function refuse_raw_delete() returns trigger language plpgsql as $$
begin
  if current_setting('millrace.archiving', true) is distinct from 'yes' then
    raise exception 'the log is append-only: raw deletes from % are refused', tg_table_name using errcode = 'MR001';
  end if;
  return null;
end $$;
