-- The calls that stand at the site $1, the newest first.
select call_id          as "callId",
       ticket,
       destination_kind as kind,
       destination_name as name,
       status,
       called_at        as "calledAt",
       calls
from public_calls_view
where site_id = $1 and status <> 'DONE'
order by called_at desc, ticket
limit 50
