create table counters (counter_id text primary key, total bigint not null);
