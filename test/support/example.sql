create table parcels (
  parcel_id    text primary key,
  depot        text not null,
  weight       integer not null check (weight < 1000000),
  moves        integer not null,
  arrived      boolean not null,
  trail        json not null,
  accepted_at  timestamptz not null,
  version      bigint not null,
  position     bigint not null
);

create table labels (
  label     text primary key,
  parcel_id text not null,
  delivered boolean not null,
  position  bigint not null
);

create table depots (
  depot    text primary key,
  parcels  bigint not null,
  weight   bigint not null,
  version  bigint not null,
  position bigint not null
);

create view heavy_parcels as select parcel_id, depot, weight from parcels where weight > 500;
