-- The last $3 who came to the queue $1 and now have the status $2.
select queue_id         as "queueId",
       visit_id         as "visitId",
       patient_id       as "patientId",
       patient_name     as "patientName",
       ticket,
       priority,
       consultation_type as "consultationType",
       status,
       notes,
       room_id          as "roomId",
       desk_id          as "deskId",
       payment_attempts as "paymentAttempts",
       absences,
       call_order::float8 as "callOrder",
       site_id         as "siteId",
       status_since    as "statusSince",
       waiting_since   as "waitingSince",
       arrived_at       as "arrivedAt",
       called_at        as "calledAt",
       started_at       as "startedAt",
       checked_out_at   as "checkedOutAt",
       updated_position::float8 as "updatedPosition"
from visits_view
where queue_id = $1 and status = $2
order by arrived_at desc
limit $3
