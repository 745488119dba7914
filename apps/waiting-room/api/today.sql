-- Visits of each queue that began at $1 or later: how many, and how many of them ended as they should.
select q.queue_id as "queueId", today.arrived, today.completed
from waiting_queue_view q
cross join lateral (
  select count(*)::float8 as arrived, (count(*) filter (where v.status = 'COMPLETED'))::float8 as completed
  from visits_view v
  where v.queue_id = q.queue_id and v.arrived_at >= $1
) today
