-- The read model of one build, in a database schema of its own: names are unqualified, and the public ones are views.

create table visits (
  visit_id                 text primary key,
  queue_id                 text not null,
  site_id                  text not null,
  day                      text not null,
  patient_id               text not null,
  patient_name             text not null,
  ticket                   text not null,
  priority                 text not null,
  priority_rank            integer not null,
  consultation_type        text not null,
  notes                    text,
  status                   text not null,
  -- Since when it has that status.
  status_since             timestamptz not null,
  room_id                  text,
  room_key                 text,
  room_turn                integer,
  desk_id                  text,
  desk_turn                integer,
  arrived_at               timestamptz not null,
  called_at                timestamptz,
  first_called_at          timestamptz,
  started_at               timestamptz,
  checked_out_at           timestamptz,
  payment_attempts         integer not null,
  absences                 integer not null,
  -- Calls and calls once more, so that a display can tell them apart.
  calls                    integer not null,
  -- Who waits with the lowest number is called first: domain/call-order.ts.
  call_order               bigint not null,
  updated_by_event_version bigint not null default 0,
  updated_position         bigint not null default 0
) with (fillfactor = 85);

-- Who is next, and each waiting list in order: read to the wanted length and no further. Who is here and does not wait
-- is found by it as well.
create index visits_open on visits (queue_id, status, call_order, visit_id)
  where status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER', 'AT_CASHIER', 'PAYMENT_PENDING', 'CALLED',
                   'IN_CONSULTATION', 'PARKED');
-- How long the last consultations of a queue took.
create index visits_completed on visits (queue_id, checked_out_at desc) where status = 'COMPLETED';
-- The visits of a queue, and when its first patient came.
create index visits_queue on visits (queue_id, arrived_at);
-- What changed since a position: live updates.
create index visits_updated on visits (updated_position);
-- Which turn a room or a desk is at.
create index visits_room on visits (room_key, room_turn desc) where room_key is not null;
create index visits_desk on visits (lower(desk_id), desk_turn desc) where desk_id is not null;

-- One row for each queue that was checked in to or configured. The settings and the counts have writers of their own,
-- and each marks how far it is, so neither overwrites the mark of the other.
create table waiting_queues (
  queue_id           text primary key,
  queue_name         text,
  max_capacity       integer,
  configured_at      timestamptz,
  last_configured_at timestamptz,
  triage             boolean,
  cashier            boolean,
  state              text,
  state_reason       text,
  paused_until       timestamptz,
  site_id            text,
  ticket_prefix      text,
  call_timeout_minutes integer,
  settings_version   bigint not null default 0,
  settings_position  bigint not null default 0,
  waiting_triage     bigint not null default 0,
  waiting_cashier    bigint not null default 0,
  at_cashier         bigint not null default 0,
  payment_pending    bigint not null default 0,
  waiting            bigint not null default 0,
  waiting_urgent     bigint not null default 0,
  waiting_high       bigint not null default 0,
  waiting_medium     bigint not null default 0,
  waiting_low        bigint not null default 0,
  called             bigint not null default 0,
  in_consultation    bigint not null default 0,
  completed          bigint not null default 0,
  no_show            bigint not null default 0,
  cancelled          bigint not null default 0,
  parked             bigint not null default 0,
  cancelled_by_payment bigint not null default 0,
  cancelled_by_absence bigint not null default 0,
  left_unseen        bigint not null default 0,
  calls              bigint not null default 0,
  waited_ms          bigint not null default 0,
  counts_version     bigint not null default 0,
  counts_position    bigint not null default 0
) with (fillfactor = 50);

-- Two branches, so that a question about visits that do not wait numbers nobody, and one about a queue numbers only
-- those who wait there. The place is one in the line for triage, for the cashier or for the consultation. A room or a
-- desk is shown while the patient is there, and the last room at the end.
create view waiting_patients_view as
select visit_id, queue_id, patient_id, patient_name, ticket, priority, consultation_type,
       row_number() over (partition by queue_id, status order by call_order, visit_id)::integer as position_in_queue,
       status, notes, null::text as room_id, null::integer as room_turn, null::text as desk_id,
       arrived_at, arrived_at as checked_in_at, called_at, started_at, checked_out_at, payment_attempts, absences,
       updated_by_event_version, updated_position
from visits
where status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER')
union all
select visit_id, queue_id, patient_id, patient_name, ticket, priority, consultation_type,
       null,
       status, notes, case when status <> 'PARKED' then room_id end, case when status <> 'PARKED' then room_turn end,
       case when status in ('AT_CASHIER', 'PAYMENT_PENDING') then desk_id end,
       arrived_at, arrived_at, called_at, started_at, checked_out_at, payment_attempts, absences,
       updated_by_event_version, updated_position
from visits
-- Each by itself: then a question about one of them is known not to be about this branch.
where status <> 'WAITING' and status <> 'WAITING_TRIAGE' and status <> 'WAITING_CASHIER';

-- The same visits without the place in the queue, which changes for everybody whenever anybody comes or goes: a row
-- here changes only with its own visit, so live updates follow it by updated_position, and lists read as far as they show.
create view visits_view as
select visit_id, queue_id, patient_id, patient_name, ticket, priority, priority_rank, consultation_type, status, notes,
       case when status not in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER', 'PARKED') then room_id end as room_id,
       room_key, room_turn,
       case when status in ('AT_CASHIER', 'PAYMENT_PENDING') then desk_id end as desk_id,
       lower(desk_id) as desk_key, desk_turn,
       arrived_at, called_at, started_at, checked_out_at, payment_attempts, absences, call_order,
       site_id, status_since,
       case when status in ('WAITING', 'WAITING_TRIAGE', 'WAITING_CASHIER') then arrived_at end as waiting_since,
       updated_by_event_version, updated_position, calls
from visits;

-- Buildings. One that nobody configured has no row.
create table sites (
  site_stream      text primary key,
  site_id          text not null,
  site_name        text,
  time_zone        text,
  closes_at        text,
  opens_at         text,
  next_close_at    timestamptz,
  closed_day       text,
  updated_position bigint not null default 0
);

-- Rooms and desks that somebody named, activated, deactivated or works in. All others are active.
create table places (
  place_stream     text primary key,
  kind             text not null,
  place_key        text not null,
  place_id         text not null,
  place_name       text,
  site_id          text,
  active           boolean not null,
  staff_id         text,
  staff_name       text,
  updated_position bigint not null default 0
);

-- Each room with the last visit it called, and those that never called.
create view rooms_view as
with last_calls as (
  select distinct on (room_key)
         room_key, room_id, room_turn, visit_id, queue_id, ticket, status, status_since, site_id,
         status in ('CALLED', 'IN_CONSULTATION') as occupied, called_at, updated_position
  from visits
  where room_key is not null
  order by room_key, room_turn desc
)
select coalesce(c.room_key, p.place_key) as room_key, coalesce(c.room_id, p.place_id) as room_id,
       coalesce(p.place_name, c.room_id, p.place_id) as room_name,
       coalesce(p.site_id, c.site_id, 'main') as site_id, p.staff_id, p.staff_name,
       c.room_turn, c.visit_id, c.queue_id, c.ticket, c.status, c.status_since,
       coalesce(c.occupied, false) as occupied, c.called_at, coalesce(p.active, true) as active,
       greatest(c.updated_position, p.updated_position) as updated_position
from last_calls c
full join (select * from places where kind = 'room') p on p.place_key = c.room_key;

-- The same of the desks.
create view desks_view as
with last_calls as (
  select distinct on (lower(desk_id))
         lower(desk_id) as desk_key, desk_id, desk_turn, visit_id, queue_id, ticket, status, status_since, site_id,
         status in ('AT_CASHIER', 'PAYMENT_PENDING') as occupied, called_at, updated_position
  from visits
  where desk_id is not null
  order by lower(desk_id), desk_turn desc
)
select coalesce(c.desk_key, p.place_key) as desk_key, coalesce(c.desk_id, p.place_id) as desk_id,
       coalesce(p.place_name, c.desk_id, p.place_id) as desk_name,
       coalesce(p.site_id, c.site_id, 'main') as site_id, p.staff_id, p.staff_name,
       c.desk_turn, c.visit_id, c.queue_id, c.ticket, c.status, c.status_since,
       coalesce(c.occupied, false) as occupied, c.called_at, coalesce(p.active, true) as active,
       greatest(c.updated_position, p.updated_position) as updated_position
from last_calls c
full join (select * from places where kind = 'desk') p on p.place_key = c.desk_key;

-- What everybody in the building may see of a call: where a ticket is to go. No name, no id, no kind of consultation.
-- `call_id` stands for the visit and does not lead back to it. Whoever was ever called stays in the view, so that the end
-- of a call is a row as well.
create view public_calls_view as
select left(encode(sha256(convert_to(v.visit_id, 'UTF8')), 'hex'), 24) as call_id,
       v.site_id, v.ticket,
       case when v.status in ('AT_CASHIER', 'PAYMENT_PENDING') then 'desk' else 'room' end as destination_kind,
       case when v.status in ('AT_CASHIER', 'PAYMENT_PENDING')
            then coalesce(d.place_name, v.desk_id) else coalesce(r.place_name, v.room_id) end as destination_name,
       case when v.status in ('CALLED', 'IN_CONSULTATION', 'AT_CASHIER') then v.status
            when v.status = 'PAYMENT_PENDING' then 'AT_CASHIER'
            else 'DONE' end as status,
       v.called_at, v.calls, v.updated_position
from visits v
left join places r on r.kind = 'room' and r.place_key = v.room_key
left join places d on d.kind = 'desk' and d.place_key = lower(v.desk_id)
where v.calls > 0;

create view waiting_queue_view as
select q.queue_id,
       coalesce(q.queue_name, q.queue_id) as queue_name,
       q.max_capacity,
       coalesce(q.state, 'OPEN') as state,
       q.state_reason,
       coalesce(q.triage, false) as triage,
       coalesce(q.cashier, false) as cashier,
       q.paused_until,
       coalesce(q.site_id, 'main') as site_id,
       -- The same rule as prefixOf in domain/ticket.ts.
       coalesce(q.ticket_prefix, upper(
         case when q.queue_id ~ '^[A-Za-z].*[0-9]$'
              then left(q.queue_id, 1) || substring(q.queue_id from '[0-9]{1,2}$')
              else coalesce(nullif(left(regexp_replace(q.queue_id, '[^A-Za-z0-9]', '', 'g'), 3), ''), 'Q') end
       )) as ticket_prefix,
       q.call_timeout_minutes,
       q.waiting + q.waiting_triage + q.waiting_cashier as current_patient_count,
       greatest(q.settings_version, q.counts_version) as updated_by_event_version,
       q.waiting, q.waiting_urgent, q.waiting_high, q.waiting_medium, q.waiting_low,
       q.waiting_triage, q.waiting_cashier, q.at_cashier, q.payment_pending,
       q.called, q.in_consultation, q.completed, q.no_show, q.cancelled,
       q.parked, q.cancelled_by_payment, q.cancelled_by_absence, q.left_unseen,
       case when q.calls > 0 then (q.waited_ms / q.calls)::double precision end as average_wait_ms,
       coalesce(q.configured_at, first_visit.arrived_at) as created_at,
       coalesce(q.last_configured_at, first_visit.arrived_at) as last_modified_at,
       greatest(q.settings_position, q.counts_position) as updated_position
from waiting_queues q
left join lateral (
  select v.arrived_at from visits v where v.queue_id = q.queue_id order by v.arrived_at limit 1
) first_visit on true;
