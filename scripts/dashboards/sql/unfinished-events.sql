select count(*) as "unfinished"
from event_processing_lag
where status in ('CREATED', 'PUBLISHED') and created_at < now() - interval '5 minutes'
