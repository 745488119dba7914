-- A page of the timers that are due, in order, with how far the read model has come, in one snapshot.
-- $1: the time in milliseconds, or null for this server's clock. $2, $3: the last timer of the page before. $4: the limit.
-- One line without a timer when none is due.
with moment as materialized (
  select coalesce(to_timestamp($1::float8 / 1000), clock_timestamp()) as now
)
select (extract(epoch from m.now) * 1000)::float8 as now,
       b.position::float8 as position,
       b.event_id,
       b.incarnation,
       (select ceil(extract(epoch from n.due_at - m.now) * 1000)::float8 from timers n
        where n.due_at > m.now order by n.due_at limit 1) as next_in,
       d.*
from moment m
join projection_builds b on b.projection_id = 'timers' and b.state = 'live'
left join lateral (
  select t.timer, t.definition, t.key, round(extract(epoch from t.due_at) * 1000)::float8 as due_at, t.payload, t.metadata,
         -- An event of its stream waits in dead letters: it may have moved or cancelled the timer.
         exists (select from dead_letters l
                 where l.projection_id = b.projection_id and l.generation = b.generation and l.ordering_key = t.stream
                   and l.status in ('failed', 'waiting')) as is_doubtful
  from timers t
  where t.due_at <= m.now and (t.due_at, t.timer) > (to_timestamp($2::float8 / 1000), $3)
  order by t.due_at, t.timer
  limit $4
) d on true
