-- The tickets that are called next at the site $1, in the order of calling: of each queue the first ones, read in the
-- order of the index.
select v.ticket
from waiting_queue_view q
cross join lateral (
  select w.ticket, w.call_order, w.visit_id from visits_view w
  where w.queue_id = q.queue_id and w.status = 'WAITING'
  order by w.call_order, w.visit_id
  limit 8
) v
where q.site_id = $1 and q.state <> 'PAUSED'
order by v.call_order, v.visit_id
limit 8
