-- Run once by psql, as superuser, on an empty server: the two databases, who owns them, and a user for each process. The
-- tables come with `millrace migrate --grants rlapp`, as rlapp_owner, and so do all rights: docs/guides/three-processes.md.
-- Passwords come from the environment; a user without one is refused here.
\set ON_ERROR_STOP on
\getenv owner_password RLAPP_OWNER_PASSWORD
\getenv api_password RLAPP_API_PASSWORD
\getenv relay_password RLAPP_RELAY_PASSWORD
\getenv projector_password RLAPP_PROJECTOR_PASSWORD
\getenv reader_password RLAPP_READER_PASSWORD
\getenv monitor_password RLAPP_MONITOR_PASSWORD

-- A variable that is not set stays as it is written: ':owner_password'.
select count(*) filter (where given = '' or given like ':%') as missing from (values
  (:'owner_password'), (:'api_password'), (:'relay_password'), (:'projector_password'), (:'reader_password'),
  (:'monitor_password')) as passwords (given) \gset
\if :missing
  \warn 'init.sql: a password is missing. RLAPP_OWNER_PASSWORD, _API_, _RELAY_, _PROJECTOR_, _READER_ and _MONITOR_PASSWORD must be set.'
  select 1 / 0 as refused;
\endif

set password_encryption = 'scram-sha-256';

create role rlapp_owner login password :'owner_password';

-- The groups that `millrace migrate --grants rlapp` gives rights to. With them here, the owner need not make roles.
create role rlapp_api nologin;
create role rlapp_relay nologin;
create role rlapp_projector nologin;
create role rlapp_reader nologin;
-- The builds of read models belong to the projector; whoever prepares the databases has to be a member of it.
grant rlapp_projector to rlapp_owner;

create role rlapp_api_1 login password :'api_password' in role rlapp_api;
create role rlapp_relay_1 login password :'relay_password' in role rlapp_relay;
create role rlapp_projector_1 login password :'projector_password' in role rlapp_projector;
-- For people and their tools (Grafana, pgAdmin).
create role rlapp_reader_1 login password :'reader_password' in role rlapp_reader;
alter role rlapp_reader_1 set default_transaction_read_only = on;
alter role rlapp_reader_1 set statement_timeout = '30s';
alter role rlapp_reader_1 set idle_in_transaction_session_timeout = '60s';
-- For postgres_exporter: statistics, no data.
create role rlapp_monitor login password :'monitor_password' in role pg_monitor;
alter role rlapp_monitor set default_transaction_read_only = on;
alter role rlapp_monitor set statement_timeout = '10s';

create database waitingroom_eventstore owner rlapp_owner;
create database waitingroom_read_models owner rlapp_owner;
revoke connect on database waitingroom_eventstore, waitingroom_read_models from public;
grant connect on database waitingroom_eventstore, waitingroom_read_models to rlapp_monitor;
