-- All sites: those that were configured, those that something was given to, and `main`.
with named as (
  select site_id from sites
  union select site_id from waiting_queue_view
  union select site_id from rooms_view
  union select site_id from desks_view
  union select 'main'
)
select n.site_id                     as "siteId",
       coalesce(s.site_name, n.site_id) as "siteName",
       s.time_zone                   as "timeZone",
       s.closes_at                   as "closesAt",
       s.opens_at                    as "opensAt",
       s.next_close_at               as "nextCloseAt",
       s.closed_day                  as "closedDay",
       (select count(*) from waiting_queue_view q where q.site_id = n.site_id)::integer as queues,
       (select count(*) from rooms_view r where r.site_id = n.site_id)::integer as rooms,
       (select count(*) from desks_view d where d.site_id = n.site_id)::integer as desks
from named n
left join sites s on s.site_id = n.site_id
order by n.site_id
limit 1000
