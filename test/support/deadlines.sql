create table items (
  item text primary key,
  met  integer not null
);
