-- The user as whom Grafana asks PostgreSQL. It may read figures, and no event, no name and no id of a person. Run this as
-- the owner, in both databases, after `millrace migrate`, and again after a version that changes views: running it twice
-- changes nothing. The user has no password, so it cannot come in, until you give it one: \password millrace_dashboards

do $$
declare
  part record;
begin
  if not exists (select from pg_roles where rolname = 'millrace_dashboards') then
    create role millrace_dashboards login;
  end if;
  for part in
    select * from (values
      ('event_processing_lag', 'event_name, status, created_at, outbox_wait_ms, outbox_dispatch_duration_ms, transit_ms, '
         'projection_processing_duration_ms, total_lag_ms'),
      ('event_lag_metrics', '*'),
      ('projection_checkpoints', '*'),
      ('waiting_queue_view', 'queue_id, queue_name, current_patient_count, called, in_consultation'),
      ('visit_times_view', 'hour, queue_id, outcome, wait_ms, service_ms')
    ) as wanted(view_name, view_columns)
    where to_regclass(view_name) is not null
  loop
    if part.view_columns = '*' then
      execute format('grant select on %I to millrace_dashboards', part.view_name);
    else
      execute format('grant select (%s) on %I to millrace_dashboards', part.view_columns, part.view_name);
    end if;
  end loop;
  -- A view calls its functions as the one who asks.
  if to_regproc('relay_published') is not null then
    grant execute on function relay_published to millrace_dashboards;
    grant select (position, moved_at) on relay_cursors to millrace_dashboards;
  end if;
  execute format('grant usage on schema %I to millrace_dashboards', current_schema());
  execute format('grant connect on database %I to millrace_dashboards', current_database());
end $$;

-- A question that never ends must not hold back what the log tidies up.
alter role millrace_dashboards set default_transaction_read_only = on;
alter role millrace_dashboards set statement_timeout = '15s';
alter role millrace_dashboards connection limit 20;
