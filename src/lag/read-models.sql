-- The ledger's side of the read-model database: a mirror of the lag metrics.

-- The minutes of the event store's event_lag_metrics, copied when they change; mirrored_at says how old the copy is.
create table if not exists event_lag_metrics (
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
  mirrored_at    timestamptz,
  primary key (metric_timestamp, event_name)
);

drop function if exists mirror_lag_metrics(json);
create or replace function mirror_lag_metrics(newest json, keep interval) returns void language sql as $$
  insert into event_lag_metrics
  select r.metric_timestamp, r.event_name, r.events_created_count, r.events_published_count, r.events_processed_count,
         r.events_failed_count, r.average_lag_ms, r.min_lag_ms, r.max_lag_ms, r.p50_lag_ms, r.p95_lag_ms, r.p99_lag_ms,
         clock_timestamp()
  from json_populate_recordset(null::event_lag_metrics, newest) r
  on conflict (metric_timestamp, event_name) do update set
    events_created_count = excluded.events_created_count, events_published_count = excluded.events_published_count,
    events_processed_count = excluded.events_processed_count, events_failed_count = excluded.events_failed_count,
    average_lag_ms = excluded.average_lag_ms, min_lag_ms = excluded.min_lag_ms, max_lag_ms = excluded.max_lag_ms,
    p50_lag_ms = excluded.p50_lag_ms, p95_lag_ms = excluded.p95_lag_ms, p99_lag_ms = excluded.p99_lag_ms,
    mirrored_at = excluded.mirrored_at;
  delete from event_lag_metrics where metric_timestamp < now() - keep;
$$;

-- The stamps of one projection, oldest first.
create index if not exists lag_stamps_projection on lag_stamps (projection_id, id);
