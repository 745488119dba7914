select $__timeGroupAlias(hour, '1h'),
       count(*) as "arrived",
       count(*) filter (where outcome = 'COMPLETED') as "completed"
from visit_times_view
where $__timeFilter(hour)
group by 1
order by 1
