-- What the log keeps of events that were archived to files: enough to find each one again by position, id, stream and
-- tag. Rows of event_tags stay as they are, so conditions over tags see what was archived without opening a file.

create table if not exists archive_files (
  id             integer generated always as identity primary key,
  name           text not null unique,
  -- writing: a run has begun it. archived: its events are in the file and not in the log any more. abandoned: a run
  -- died while it wrote it; the log has all of its events, and the file goes.
  state          text not null check (state in ('writing', 'archived', 'abandoned')),
  events         integer,
  first_position bigint,
  last_position  bigint,
  bytes          bigint,
  sha256         text,
  -- Of the log that began it: what another one, restored from a copy of this row, left is not its own to delete.
  incarnation    uuid,
  begun_at       timestamptz not null default clock_timestamp(),
  archived_at    timestamptz
);

create table if not exists archived_events (
  position bigint primary key,
  place    bigint not null,
  event_id uuid not null,
  file_id  integer not null,
  bytes    integer not null,
  checksum integer not null,
  constraint archived_events_event_id unique (event_id)
);

-- A stream's archived events are its first ones, without a gap: the n-th position is that of version n.
create table if not exists archived_streams (
  aggregate_id text primary key,
  positions    bigint[] not null
);
