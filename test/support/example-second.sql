create table parcel_events (parcel_id text primary key, events integer not null);
