-- Open visits, of the queue $1 when it is given: the newest 5,000.
select /* columns */
from visits_view v
where status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER', 'AT_CASHIER', 'PAYMENT_PENDING', 'CALLED',
                 'IN_CONSULTATION', 'PARKED')
  and ($1::text is null or queue_id = $1)
order by arrived_at desc
limit 5000
