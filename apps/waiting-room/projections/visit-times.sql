-- When visits went from one stage to the next. One build, in a database schema of its own.

create table visit_times (
  visit_id          text primary key,
  queue_id          text not null,
  site_id           text not null,
  hour              timestamptz not null,
  priority          text not null,
  consultation_type text not null,
  arrived_at        timestamptz not null,
  called_at         timestamptz,
  started_at        timestamptz,
  ended_at          timestamptz,
  outcome           text
) with (fillfactor = 85);

-- A range of hours is all that is ever asked for.
create index visit_times_hour on visit_times (hour, queue_id);

create view visit_times_view as
select visit_id, queue_id, site_id, hour, priority, consultation_type, arrived_at, called_at, started_at, ended_at, outcome,
       extract(epoch from called_at - arrived_at)::double precision * 1000 as wait_ms,
       case when outcome = 'COMPLETED' then extract(epoch from ended_at - started_at)::double precision * 1000 end as service_ms
from visit_times;

-- Grouped by nothing but the columns that a question narrows, so that a range of hours reads that range alone.
create view visit_analytics_view as
select hour, queue_id, priority, consultation_type,
       count(*) as arrivals,
       count(called_at) as called,
       count(*) filter (where outcome = 'COMPLETED') as completed,
       count(*) filter (where outcome = 'NO_SHOW') as no_shows,
       count(*) filter (where outcome in ('NO_SHOW', 'CANCELLED_BY_ABSENCE'))::double precision
         / nullif(count(outcome), 0) as no_show_rate,
       count(*) filter (where outcome = 'CANCELLED') as cancelled,
       count(*) filter (where outcome = 'CANCELLED_BY_PAYMENT') as cancelled_by_payment,
       count(*) filter (where outcome = 'CANCELLED_BY_ABSENCE') as cancelled_by_absence,
       count(*) filter (where outcome = 'LEFT') as left_unseen,
       avg(wait_ms) as average_wait_ms,
       percentile_cont(0.5) within group (order by wait_ms) as p50_wait_ms,
       percentile_cont(0.9) within group (order by wait_ms) as p90_wait_ms,
       avg(service_ms) as average_service_ms,
       percentile_cont(0.5) within group (order by service_ms) as p50_service_ms,
       percentile_cont(0.9) within group (order by service_ms) as p90_service_ms
from visit_times_view
group by hour, queue_id, priority, consultation_type;
