-- Waiting and service times of the hours from $1 to $2, of the queue $3 and the site $4 when they are given: once over all,
-- by hour of arrival, by priority and by kind of consultation. One pass; percentiles are of the visits themselves, since
-- percentiles of groups cannot be put together.
select case when grouping(hour) = 0 then 'hour'
            when grouping(priority) = 0 then 'priority'
            when grouping(consultation_type) = 0 then 'type'
            else 'all' end as kind,
       case when grouping(hour) = 0 then to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')
            when grouping(priority) = 0 then priority
            when grouping(consultation_type) = 0 then consultation_type end as value,
       count(*)::integer as arrivals,
       count(called_at)::integer as called,
       count(*) filter (where outcome = 'COMPLETED')::integer as completed,
       count(*) filter (where outcome in ('NO_SHOW', 'CANCELLED_BY_ABSENCE'))::integer as "noShows",
       count(*) filter (where outcome = 'LEFT')::integer as "leftUnseen",
       -- Of the visits that are over; null while none is.
       (count(*) filter (where outcome in ('NO_SHOW', 'CANCELLED_BY_ABSENCE'))::double precision
        / nullif(count(outcome), 0)) as "noShowRate",
       percentile_cont(0.5) within group (order by wait_ms) as "waitP50",
       percentile_cont(0.9) within group (order by wait_ms) as "waitP90",
       percentile_cont(0.5) within group (order by service_ms) as "serviceP50",
       percentile_cont(0.9) within group (order by service_ms) as "serviceP90"
from visit_times_view
where hour >= $1 and hour < $2 and ($3::text is null or queue_id = $3) and ($4::text is null or site_id = $4)
group by grouping sets ((), (hour), (priority), (consultation_type))
order by kind, value
limit 5000
