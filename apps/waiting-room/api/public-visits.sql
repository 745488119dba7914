-- What the public page of each visit in $1 shows, by visit. No name, no patient's id, no kind of consultation.
select v.visit_id                        as "visitId",
       v.ticket,
       q.queue_name                      as "queueName",
       coalesce(s.site_name, v.site_id)  as "siteName",
       v.status,
       v.called_at                       as "calledAt",
       v.arrived_at                      as "arrivedAt",
       v.checked_out_at                  as "endedAt",
       v.updated_position::float8        as "updatedPosition",
       q.state                           as "queueState",
       line.place::integer               as place,
       line.before::integer              as before,
       case when v.status in ('CALLED', 'IN_CONSULTATION') then 'room'
            when v.status in ('AT_CASHIER', 'PAYMENT_PENDING') then 'desk' end as "destinationKind",
       case when v.status in ('CALLED', 'IN_CONSULTATION') then coalesce(r.room_name, v.room_id)
            when v.status in ('AT_CASHIER', 'PAYMENT_PENDING') then coalesce(d.desk_name, v.desk_id) end
                                         as "destinationName",
       rooms.open::integer               as "openRooms",
       served.median_ms                  as "medianServiceMs"
from visits_view v
join waiting_queue_view q on q.queue_id = v.queue_id
left join sites s on s.site_id = v.site_id
left join rooms_view r on r.room_key = v.room_key
left join desks_view d on d.desk_key = v.desk_key
-- Who is called before this patient: in the same line, and in all lines of the queue.
left join lateral (
  select count(*) filter (where w.status = v.status) + 1 as place, count(*) as before
  from visits_view w
  where w.queue_id = v.queue_id and w.status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER')
    and (w.call_order, w.visit_id) < (v.call_order, v.visit_id)
) line on v.status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER')
-- Rooms that see patients of this queue: with one of them inside, or having called one in the last hour.
left join lateral (
  select count(*) as open from rooms_view o
  where o.active and o.queue_id = v.queue_id and (o.occupied or o.status_since > $2::timestamptz - interval '1 hour')
) rooms on true
-- The last twenty consultations of the queue.
left join lateral (
  select percentile_cont(0.5) within group (order by extract(epoch from l.checked_out_at - l.started_at) * 1000) as median_ms
  from (
    select c.started_at, c.checked_out_at from visits_view c
    where c.queue_id = v.queue_id and c.status = 'COMPLETED' and c.started_at is not null
    order by c.checked_out_at desc limit 20
  ) l
) served on true
where v.visit_id = any ($1)
