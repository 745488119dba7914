-- One page of the command keys that are older than 24 hours. The oldest lie together on disk, and the block range
-- index finds them; a page is small, so that no append waits long for the rows' locks or for the write-ahead log.
delete from command_keys k
using (
  select key from command_keys
  where created_at < clock_timestamp() - interval '24 hours'
  limit 5000
  for update skip locked
) old
where k.key = old.key
