-- The event table of the shipped schema: the same columns and the same indexes.
create table events (
  position       bigint primary key,
  event_id       uuid not null unique,
  aggregate_id   text not null,
  version        bigint not null,
  event_name     text not null,
  schema_version int not null,
  payload        json not null,
  metadata       json not null,
  tags           text[] not null,
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default now(),
  unique (aggregate_id, version)
);
