-- The first $2 who wait in each queue, or in the queue $1. Read in the order of the index and no further, however many
-- wait; the view's position_in_queue would number them all. lists.ts puts another status here for another line.
select /* columns */
from waiting_queue_view q
cross join lateral (
  select * from visits_view w
  where w.queue_id = q.queue_id and w.status = 'WAITING'
  order by w.call_order, w.visit_id
  limit $2
) v
where $1::text is null or q.queue_id = $1
order by q.queue_id, v.call_order, v.visit_id
