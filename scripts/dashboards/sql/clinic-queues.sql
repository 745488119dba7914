select queue_name as "queue", current_patient_count as "waiting", called + in_consultation as "in consultation"
from waiting_queue_view
order by current_patient_count desc, queue_name
limit 20
