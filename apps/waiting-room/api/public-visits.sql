-- What the public page of each visit in $1 shows, by visit; $2 is now. No name, no patient's id, no kind of consultation,
-- and no name of a queue, which may tell it.
-- Many pages are asked for at once: lines, rooms and consultations are looked at once for each queue, not for each page.
with asked as materialized (
  select visit_id, queue_id, site_id, ticket, status, arrived_at, called_at, checked_out_at, calls, room_id, room_key, desk_id,
         desk_key, updated_position
  from visits_view
  where visit_id = any ($1)
),
in_queues as materialized (select distinct queue_id from asked),
-- Who is called before whom: in the same line, and in all lines of the queue.
lines as (
  select visit_id,
         row_number() over (partition by queue_id, status order by call_order, visit_id)::integer   as place,
         row_number() over (partition by queue_id order by call_order, visit_id)::integer - 1       as before
  from visits_view
  where queue_id in (select queue_id from in_queues)
    and status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER')
),
figures as materialized (
  select i.queue_id, rooms.open, served.median_ms
  from in_queues i
  -- Rooms that see patients of the queue: with one of them inside, or having called one in the last hour. Their last
  -- patient came within a day.
  cross join lateral (
    select count(*)::integer as open
    from (
      select distinct room_key from visits_view
      where queue_id = i.queue_id and room_key is not null and arrived_at > $2::timestamptz - interval '1 day'
    ) seen
    cross join lateral (
      select queue_id, status, status_since from visits_view
      where room_key = seen.room_key order by room_turn desc limit 1
    ) last
    left join places p on p.kind = 'room' and p.place_key = seen.room_key
    where coalesce(p.active, true) and last.queue_id = i.queue_id
      and (last.status in ('CALLED', 'IN_CONSULTATION') or last.status_since > $2::timestamptz - interval '1 hour')
  ) rooms
  -- The consultations of the last twenty who came to the queue and were seen.
  cross join lateral (
    select percentile_cont(0.5) within group (order by extract(epoch from l.checked_out_at - l.started_at) * 1000)
           as median_ms
    from (
      select started_at, checked_out_at from visits_view
      where queue_id = i.queue_id and status = 'COMPLETED' and started_at is not null
      order by arrived_at desc limit 20
    ) l
  ) served
)
select v.visit_id                        as "visitId",
       v.ticket,
       v.queue_id                        as "queueId",
       coalesce(s.site_name, v.site_id)  as "siteName",
       v.status,
       v.arrived_at                      as "arrivedAt",
       v.called_at                       as "calledAt",
       v.calls,
       v.checked_out_at                  as "endedAt",
       v.updated_position::float8        as "updatedPosition",
       q.state                           as "queueState",
       l.place,
       l.before,
       case when v.status in ('CALLED', 'IN_CONSULTATION') then 'room'
            when v.status in ('AT_CASHIER', 'PAYMENT_PENDING') then 'desk' end as "destinationKind",
       case when v.status in ('CALLED', 'IN_CONSULTATION') then coalesce(r.place_name, v.room_id)
            when v.status in ('AT_CASHIER', 'PAYMENT_PENDING') then coalesce(d.place_name, v.desk_id) end
                                         as "destinationName",
       f.open                            as "openRooms",
       f.median_ms                       as "medianServiceMs"
from asked v
join waiting_queue_view q on q.queue_id = v.queue_id
join figures f on f.queue_id = v.queue_id
left join sites s on s.site_id = v.site_id
left join places r on r.kind = 'room' and r.place_key = v.room_key
left join places d on d.kind = 'desk' and d.place_key = v.desk_key
left join lines l on l.visit_id = v.visit_id
