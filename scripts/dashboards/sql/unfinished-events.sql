select count(*) as "unfinished"
from event_processing_lag
where status <> 'PROCESSED' and created_at < now() - interval '5 minutes'
