-- What consumers keep in the read-model database, beside the effects and in their transactions.

-- Every build of a projection: the live one, one that is being built anew, and the one before the live one, which is kept
-- up to date until it is dropped. Position and event id are what the log is compared with at start and at reconnect.
create table if not exists projection_builds (
  projection_id text not null,
  generation    integer not null,
  state         text not null check (state in ('live', 'building', 'old')),
  position      bigint not null default 0,
  event_id      uuid,
  incarnation   uuid,
  -- Counts up whenever somebody other than the consumer changes its rows: the consumer drops what it holds in memory.
  epoch         bigint not null default 0,
  is_healthy    boolean not null default true,
  error_message text,
  created_at    timestamptz not null default clock_timestamp(),
  updated_at    timestamptz not null default clock_timestamp(),
  primary key (projection_id, generation)
);
-- Which code wrote it (a hash; `several` when no one code did), which operation builds it, until when an old one is kept.
alter table projection_builds add column if not exists fingerprint text;
alter table projection_builds add column if not exists operation bigint;
alter table projection_builds add column if not exists drop_after timestamptz;
-- Which schema file made its tables (a hash); null for a build from before this was noted.
alter table projection_builds add column if not exists shape text;
create unique index if not exists projection_builds_live on projection_builds (projection_id) where state = 'live';

create or replace view projection_checkpoints as
  select projection_id, generation, position as last_position, event_id as last_event_id, incarnation,
         position as last_version, is_healthy, error_message, updated_at as last_updated_at, updated_at as mirrored_at
  from projection_builds where state = 'live';

-- Events that a handler could not take, and those behind them of the same ordering key.
create table if not exists dead_letters (
  id              bigint generated always as identity primary key,
  projection_id   text not null,
  generation      integer not null,
  ordering_key    text not null,
  position        bigint not null,
  event_id        uuid not null,
  event_name      text not null,
  status          text not null check (status in ('failed', 'waiting', 'retried', 'discarded', 'rebuilt')),
  error           text,
  attempts        integer not null default 0,
  first_failed_at timestamptz not null default clock_timestamp(),
  last_failed_at  timestamptz not null default clock_timestamp(),
  reason          text,
  actor           text,
  resolved_at     timestamptz,
  unique (projection_id, generation, position)
);
-- When the first letter of a key is tried again by itself; null: not before somebody says so. Letters behind it wait for it.
alter table dead_letters add column if not exists next_attempt_at timestamptz;
create index if not exists dead_letters_open on dead_letters (projection_id, generation, ordering_key, position)
  where status in ('failed', 'waiting');
create index if not exists dead_letters_due on dead_letters (projection_id, generation, next_attempt_at)
  where next_attempt_at is not null;

-- When the events of a run (a range of positions without a gap) were received and processed. Commits with the effect;
-- copied into the ledger of the event store and then removed.
create table if not exists lag_stamps (
  id             bigint generated always as identity primary key,
  projection_id  text not null,
  first_position bigint not null,
  last_position  bigint not null,
  -- The event at last_position: a copy is refused when the log has another one there.
  last_event     uuid not null,
  handed_at      timestamptz,
  received_at    timestamptz not null,
  processed_at   timestamptz not null,
  status         text not null check (status in ('PROCESSED', 'FAILED', 'PUBLISHED'))
);

-- Moves a checkpoint. Raises when it is not where the caller thinks: somebody else consumed, rebuilt or retried.
create or replace function advance_checkpoint(
  projection text, build integer, known_epoch bigint, from_position bigint, to_position bigint, to_event uuid, log_incarnation uuid
) returns void language plpgsql as $$
begin
  update projection_builds b
     set position = to_position, event_id = to_event, incarnation = log_incarnation, updated_at = clock_timestamp(),
         is_healthy = true, error_message = null
   where b.projection_id = projection and b.generation = build and b.position = from_position and b.epoch = known_epoch;
  if not found then
    raise exception 'the checkpoint of % moved', projection using errcode = 'MR011';
  end if;
end $$;
