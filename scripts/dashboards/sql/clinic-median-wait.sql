select percentile_cont(0.5) within group (order by wait_ms) / 1000 as "median wait"
from visit_times_view
where $__timeFilter(hour) and wait_ms is not null
