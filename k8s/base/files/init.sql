-- Run once by psql, as superuser, on an empty server: the two databases, who owns them, and a user for each process. The
-- tables come with `millrace migrate --grants rlapp`, as rlapp_owner, and so do all rights: docs/guides/three-processes.md.
-- Passwords come from the environment, or from files of the same name in /run/secrets; a user without one is refused here.
\set ON_ERROR_STOP on
\getenv owner_password RLAPP_OWNER_PASSWORD
\if :{?owner_password}
\else
  \set owner_password `cat /run/secrets/RLAPP_OWNER_PASSWORD 2> /dev/null`
\endif
\getenv api_password RLAPP_API_PASSWORD
\if :{?api_password}
\else
  \set api_password `cat /run/secrets/RLAPP_API_PASSWORD 2> /dev/null`
\endif
\getenv relay_password RLAPP_RELAY_PASSWORD
\if :{?relay_password}
\else
  \set relay_password `cat /run/secrets/RLAPP_RELAY_PASSWORD 2> /dev/null`
\endif
\getenv projector_password RLAPP_PROJECTOR_PASSWORD
\if :{?projector_password}
\else
  \set projector_password `cat /run/secrets/RLAPP_PROJECTOR_PASSWORD 2> /dev/null`
\endif
\getenv reader_password RLAPP_READER_PASSWORD
\if :{?reader_password}
\else
  \set reader_password `cat /run/secrets/RLAPP_READER_PASSWORD 2> /dev/null`
\endif
\getenv monitor_password RLAPP_MONITOR_PASSWORD
\if :{?monitor_password}
\else
  \set monitor_password `cat /run/secrets/RLAPP_MONITOR_PASSWORD 2> /dev/null`
\endif
\getenv dashboards_password RLAPP_DASHBOARDS_PASSWORD
\if :{?dashboards_password}
\else
  \set dashboards_password `cat /run/secrets/RLAPP_DASHBOARDS_PASSWORD 2> /dev/null`
\endif

select (:'owner_password' = '' or :'api_password' = '' or :'relay_password' = '' or :'projector_password' = ''
  or :'reader_password' = '' or :'monitor_password' = '' or :'dashboards_password' = '') as missing \gset
\if :missing
  \warn 'init.sql: a password is missing: RLAPP_OWNER_, _API_, _RELAY_, _PROJECTOR_, _READER_, _MONITOR_ or _DASHBOARDS_PASSWORD.'
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
-- For people and their tools (pgAdmin).
create role rlapp_reader_1 login password :'reader_password' in role rlapp_reader;
alter role rlapp_reader_1 set default_transaction_read_only = on;
alter role rlapp_reader_1 set statement_timeout = '30s';
alter role rlapp_reader_1 set idle_in_transaction_session_timeout = '60s';
-- For postgres_exporter: statistics, no data.
create role rlapp_monitor login password :'monitor_password' in role pg_monitor;
alter role rlapp_monitor set default_transaction_read_only = on;
alter role rlapp_monitor set statement_timeout = '10s';
-- For Grafana; dashboards-user.sql says what it reads, once the views are there.
create role millrace_dashboards login password :'dashboards_password';

create database waitingroom_eventstore owner rlapp_owner;
create database waitingroom_read_models owner rlapp_owner;
revoke connect on database waitingroom_eventstore, waitingroom_read_models from public;
grant connect on database waitingroom_eventstore, waitingroom_read_models to rlapp_monitor;
