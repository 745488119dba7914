create table timers (
  timer      text primary key,
  definition text not null,
  key        text not null,
  due_at     timestamptz not null,
  payload    json not null,
  -- Ties what the timer causes to the event that has set it.
  metadata   json not null,
  stream     text not null,
  position   bigint not null
);
create index timers_due on timers (due_at, timer);
