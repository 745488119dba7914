-- Who may do what only one may do. A lease is a row with a fencing token: it works behind poolers and survives
-- reconnects, unlike advisory locks. Whoever holds an older token is refused by every statement that asks for it.
create table if not exists leases (
  name        text primary key,
  holder      text not null,
  token       bigint not null,
  lease_until timestamptz not null
);
