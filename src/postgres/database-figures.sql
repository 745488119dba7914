-- Size of this database, and the age of the oldest transaction that keeps its dead rows from being removed: one that
-- holds a snapshot or an id, or a prepared one. Sessions of other users show only to members of pg_monitor.
select pg_database_size(current_database())::float8 as size,
  coalesce(extract(epoch from clock_timestamp() - least(
    (select min(a.xact_start) from pg_stat_activity a
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and (a.backend_xmin is not null or a.backend_xid is not null)),
    (select min(p.prepared) from pg_prepared_xacts p where p.database = current_database())))::float8 * 1000, 0) as oldest
