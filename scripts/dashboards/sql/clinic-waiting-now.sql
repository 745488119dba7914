select coalesce(sum(current_patient_count), 0) as "waiting" from waiting_queue_view
