select event_name as "event type",
       avg(total_lag_ms) as "average",
       percentile_cont(0.95) within group (order by total_lag_ms) as "P95",
       max(total_lag_ms) as "max",
       count(*) as "events"
from event_processing_lag
where status = 'PROCESSED' and created_at >= now() - interval '1 hour'
group by event_name
order by "P95" desc
