-- The first $2 who wait in each queue, or in the queue $1. Read in the order of the index and no further, however many
-- wait; the view's position_in_queue would number them all. lists.ts puts another status here for another line.
select q.queue_id        as "queueId",
       v.visit_id        as "visitId",
       v.patient_id      as "patientId",
       v.patient_name    as "patientName",
       v.ticket,
       v.priority,
       v.consultation_type as "consultationType",
       v.status,
       v.notes,
       v.room_id         as "roomId",
       v.desk_id         as "deskId",
       v.payment_attempts as "paymentAttempts",
       v.absences,
       v.call_order::float8 as "callOrder",
       v.site_id         as "siteId",
       v.status_since    as "statusSince",
       v.waiting_since   as "waitingSince",
       v.arrived_at      as "arrivedAt",
       v.called_at       as "calledAt",
       v.started_at      as "startedAt",
       v.checked_out_at  as "checkedOutAt",
       v.updated_position::float8 as "updatedPosition"
from waiting_queue_view q
cross join lateral (
  select * from visits_view w
  where w.queue_id = q.queue_id and w.status = 'WAITING'
  order by w.call_order, w.visit_id
  limit $2
) v
where $1::text is null or q.queue_id = $1
order by q.queue_id, v.call_order, v.visit_id
