select $__timeGroupAlias(hour, '1h'),
       count(*) filter (where outcome = 'COMPLETED') as "seen to the end",
       count(*) filter (where outcome is null) as "still here",
       count(*) filter (where outcome <> 'COMPLETED') as "left otherwise"
from visit_times_view
where $__timeFilter(hour)
group by 1
order by 1
