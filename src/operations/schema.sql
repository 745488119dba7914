-- What operators ask for: requested by any process, executed by a projector process. It is at the same time the record
-- of every action, with who and why.
create table if not exists projection_operations (
  id            bigint generated always as identity primary key,
  kind          text not null check (kind ~ '^[a-z][a-z0-9-]{0,39}$'),
  projection_id text not null,
  input         jsonb not null default '{}' check (jsonb_typeof(input) = 'object'),
  actor         text not null check (actor <> ''),
  reason        text,
  requested_at  timestamptz not null default clock_timestamp(),
  state         text not null default 'requested' check (state in ('requested', 'running', 'done', 'failed', 'abandoned')),
  -- What somebody asks of the operation while it runs (pause, say); its handler reads it.
  asked         text,
  progress      jsonb,
  result        jsonb,
  error_code    text,
  error_message text,
  error_fields  jsonb,
  started_at    timestamptz,
  finished_at   timestamptz,
  -- Operations of one lane and projection run one at a time, whatever process runs them.
  lane          text,
  -- host/process id/instance
  runner        text,
  -- Counts up with every claim: whoever claimed before is refused by every statement.
  token         bigint not null default 0,
  runner_until  timestamptz
);
create index if not exists projection_operations_open on projection_operations (id) where state in ('requested', 'running');
create index if not exists projection_operations_newest on projection_operations (projection_id, kind, id);
create unique index if not exists projection_operations_one_a_lane on projection_operations (projection_id, lane)
  where state = 'running';
-- What makes, swaps or drops builds excludes each other already when it is requested.
create unique index if not exists projection_operations_one_rebuild on projection_operations (projection_id)
  where state in ('requested', 'running') and kind in ('rebuild', 'rebuild-go-back', 'rebuild-drop-old');

-- The only way to request one: a role that may call this function need not be able to write anything.
-- MR021: such an operation is under way. MR022: nobody knows that projection.
create or replace function request_operation(
  operation_kind text, projection text, operation_input jsonb, operation_actor text, operation_reason text
) returns bigint language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  requested bigint;
begin
  if not exists (select from projection_builds b where b.projection_id = projection) then
    raise exception 'there is no projection %', projection using errcode = 'MR022';
  end if;
  insert into projection_operations (kind, projection_id, input, actor, reason)
  values (operation_kind, projection, operation_input, operation_actor, operation_reason)
  returning id into requested;
  return requested;
exception when unique_violation then
  raise exception 'an operation on the builds of % is under way', projection using errcode = 'MR021';
end $$;
revoke all on function request_operation(text, text, jsonb, text, text) from public;
