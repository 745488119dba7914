-- Timers that have fired, or were refused, and whose row no event has taken away yet. A command key says the same, and is
-- forgotten after a day. It stands beside the log and not beside the timers: a read model can be lost and built anew, and
-- nothing may take effect twice then.
create table if not exists timer_firings (
  timer      text not null,
  due_at     timestamptz not null,
  -- How far the read model had come when it showed the timer: only what has come as far can show that it is gone.
  position   bigint not null,
  outcome    text not null check (outcome in ('fired', 'refused')),
  -- Why it was refused.
  code       text,
  settled_at timestamptz not null default clock_timestamp(),
  primary key (timer, due_at)
);

-- Returns those that nobody had settled before.
create or replace function timers_settle(
  f_timer text[], f_due timestamptz[], f_position bigint[], f_outcome text[], f_code text[]
) returns table (timer text, due_at timestamptz) language sql
  security definer set search_path from current
as $$
  insert into timer_firings as f (timer, due_at, position, outcome, code)
  select * from unnest(f_timer, f_due, f_position, f_outcome, f_code)
  on conflict do nothing
  returning f.timer, f.due_at
$$;
revoke all on function timers_settle from public;

create or replace function timers_forget(f_timer text[], f_due timestamptz[]) returns void language sql
  security definer set search_path from current
as $$
  delete from timer_firings f using unnest(f_timer, f_due) as g(timer, due_at)
  where f.timer = g.timer and f.due_at = g.due_at
$$;
revoke all on function timers_forget from public;
