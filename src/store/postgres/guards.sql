-- Append-only, enforced where nobody can forget it.
create or replace trigger :events_append_only before update or truncate on :events
  for each statement execute function refuse_change();
create or replace trigger :events_no_raw_delete before delete on :events
  for each statement execute function refuse_raw_delete();
create or replace trigger :events_no_raw_insert before insert on :events
  for each statement execute function refuse_raw_insert();
create or replace trigger event_tags_append_only before update or delete or truncate on event_tags
  for each statement execute function refuse_change();
create or replace trigger event_tags_no_raw_insert before insert on event_tags
  for each statement execute function refuse_raw_insert();
