-- Run by psql, as superuser, after each migration: what Grafana may read, in both databases.
\connect waitingroom_eventstore
\ir read-only-user.sql
\connect waitingroom_read_models
\ir read-only-user.sql
