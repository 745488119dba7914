create table events (
  position       bigint generated always as identity primary key,
  event_id       uuid not null unique,
  aggregate_id   text not null,
  version        bigint not null,
  event_name     text not null,
  schema_version int not null,
  payload        json not null,
  metadata       json not null,
  occurred_at    timestamptz not null,
  created_at     timestamptz not null default now(),
  unique (aggregate_id, version)
);

create table outbox (
  id           bigint generated always as identity primary key,
  event_id     uuid not null,
  aggregate_id text not null,
  event_name   text not null,
  payload      json not null,
  metadata     json not null,
  published    boolean not null default false,
  created_at   timestamptz not null default now()
);

create index outbox_unpublished on outbox (id) where not published;

create table event_processing_lag (
  event_id         uuid primary key,
  event_name       text not null,
  aggregate_id     text not null,
  event_created_at timestamptz not null,
  status           text not null
);
