create table things (
  thing_id       text primary key,
  name           text not null,
  thing_version  bigint,
  thing_position bigint
);
