select case outcome
         when 'COMPLETED' then 'completed'
         when 'NO_SHOW' then 'did not come when called'
         when 'CANCELLED' then 'cancelled'
         when 'CANCELLED_BY_PAYMENT' then 'not paid'
         when 'CANCELLED_BY_ABSENCE' then 'absent too often'
         when 'LEFT' then 'left unseen'
         else 'still here'
       end as "outcome",
       count(*) as "visits"
from visit_times_view
where $__timeFilter(hour)
group by 1
order by 2 desc
