select $__timeGroupAlias(created_at, $__interval),
       avg(outbox_wait_ms) as "in the outbox",
       avg(outbox_dispatch_duration_ms) as "being published",
       avg(transit_ms) as "under way",
       avg(projection_processing_duration_ms) as "being projected"
from event_processing_lag
where $__timeFilter(created_at) and status = 'PROCESSED'
group by 1
order by 1
