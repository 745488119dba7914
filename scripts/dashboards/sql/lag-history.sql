select $__timeGroupAlias(metric_timestamp, '1h'),
       max(p50_lag_ms) as "P50",
       max(p95_lag_ms) as "P95",
       max(p99_lag_ms) as "P99"
from event_lag_metrics
where $__timeFilter(metric_timestamp)
group by 1
order by 1
