select coalesce(sum(called + in_consultation), 0) as "in consultation" from waiting_queue_view
