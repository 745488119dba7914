select created_at as "created", event_name as "event type", status, total_lag_ms as "total lag"
from event_processing_lag
where $__timeFilter(created_at)
order by created_at desc
limit 50
