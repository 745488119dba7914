-- How many rows are not the same in two tables, and the keys of the first of them. :live, :built, :key, :row
select count(*) as rows, (array_agg(key order by key))[1:5] as keys
from (
  select coalesce(l.key, b.key) as key
  from (select :key as key, (:row)::text as content from :live t) l
  full join (select :key as key, (:row)::text as content from :built t) b using (key)
  where l.content is distinct from b.content
) d
