-- The last $3 who came to the queue $1 and now have the status $2.
select /* columns */
from visits_view v
where queue_id = $1 and status = $2
order by arrived_at desc
limit $3
