create table poisoned (stream text primary key, name text check (length(name) < 3));
