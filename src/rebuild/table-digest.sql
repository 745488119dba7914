-- How many rows a table has, and a hash of them that does not depend on their order. :table, :row
select count(*) as rows, coalesce(sum(hashtextextended((:row)::text, 0)), 0)::text as hash from :table t
