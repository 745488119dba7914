select $__timeGroupAlias(hour, '1h'),
       percentile_cont(0.5) within group (order by wait_ms) / 1000 as "P50",
       percentile_cont(0.9) within group (order by wait_ms) / 1000 as "P90"
from visit_times_view
where $__timeFilter(hour) and wait_ms is not null
group by 1
order by 1
