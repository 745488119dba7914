-- Who may use the system: accounts, sign-ins, API keys, and a record of what was changed about them. They stand beside the
-- log and not in it: a password must be forgotten when it is changed, and a log forgets nothing.
--
-- A schema of its own, in which nobody but the owner has rights. Processes with the API call the functions below, which run
-- with the owner's rights, find only what lies here, and are granted to nobody in this file. Secrets come here as hashes.
-- What is revoked is told on the channel `millrace_access`: processes forget what they know then.
create schema if not exists millrace_access;
revoke all on schema millrace_access from public;

create table if not exists millrace_access.accounts (
  account_id    uuid primary key default gen_random_uuid(),
  user_name     text not null,
  -- What user names are compared by: `Anna` and `anna` are one.
  user_key      text not null unique,
  display_name  text not null,
  -- With its parameters; null for those who sign in at a provider.
  password_hash text,
  -- Of those who sign in at a provider: who it is there.
  issuer        text,
  subject       text,
  roles         text[] not null,
  active        boolean not null default true,
  created_at    timestamptz not null default clock_timestamp(),
  changed_at    timestamptz not null default clock_timestamp(),
  unique (issuer, subject),
  check ((issuer is null) = (subject is null))
);

create table if not exists millrace_access.sign_ins (
  token_hash   bytea primary key check (length(token_hash) = 32),
  -- A token of a cookie is taken from a cookie only, one of a program from a header only.
  door         text not null check (door in ('cookie', 'bearer')),
  account_id   uuid references millrace_access.accounts on delete cascade,
  -- Of a demonstration, whose accounts are in no table: the role that was taken.
  demo_role    text,
  begun_at     timestamptz not null default clock_timestamp(),
  last_used_at timestamptz not null default clock_timestamp(),
  expires_at   timestamptz not null,
  check ((account_id is null) <> (demo_role is null))
);
create index if not exists sign_ins_of_account on millrace_access.sign_ins (account_id);

create table if not exists millrace_access.api_keys (
  key_id      uuid primary key default gen_random_uuid(),
  key_hash    bytea not null unique check (length(key_hash) = 32),
  key_name    text not null,
  roles       text[] not null,
  created_at  timestamptz not null default clock_timestamp(),
  created_by  text not null,
  expires_at  timestamptz,
  revoked_at  timestamptz
);

-- What is good for one use: passes for live connections, sign-ins under way at a provider.
create table if not exists millrace_access.one_use (
  secret_hash bytea primary key check (length(secret_hash) = 32),
  purpose     text not null,
  content     json not null,
  expires_at  timestamptz not null
);

-- Who changed what, when and why. Never a secret, and nothing is ever taken away from it here.
create table if not exists millrace_access.changes (
  change_id  bigint generated always as identity primary key,
  changed_at timestamptz not null default clock_timestamp(),
  actor      text not null,
  action     text not null,
  -- The account or API key.
  subject_id uuid not null,
  details    json not null,
  reason     text
);

create or replace function millrace_access.find_account(f_user_key text)
returns table (account_id uuid, user_name text, display_name text, password_hash text, roles text[], active boolean)
language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select a.account_id, a.user_name, a.display_name, a.password_hash, a.roles, a.active
  from accounts a where a.user_key = f_user_key
$$;

create or replace function millrace_access.list_accounts(f_account uuid, f_limit integer)
returns table (account_id uuid, user_name text, display_name text, by_provider boolean, roles text[], active boolean,
  created_at timestamptz, changed_at timestamptz)
language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select a.account_id, a.user_name, a.display_name, a.issuer is not null, a.roles, a.active, a.created_at, a.changed_at
  from accounts a where f_account is null or a.account_id = f_account order by a.user_key limit f_limit
$$;

create or replace function millrace_access.record_change(
  f_actor text, f_action text, f_subject uuid, f_details json, f_reason text
) returns void language sql security definer set search_path = millrace_access, pg_temp
as $$
  insert into changes (actor, action, subject_id, details, reason) values (f_actor, f_action, f_subject, f_details, f_reason)
$$;

-- Returns nothing when the user name is taken.
create or replace function millrace_access.add_account(
  f_user_name text, f_user_key text, f_display_name text, f_password_hash text, f_roles text[], f_actor text, f_reason text
) returns setof uuid language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
declare
  added uuid;
begin
  insert into accounts (user_name, user_key, display_name, password_hash, roles)
  values (f_user_name, f_user_key, f_display_name, f_password_hash, f_roles)
  on conflict (user_key) do nothing returning accounts.account_id into added;
  if added is null then
    return;
  end if;
  perform record_change(f_actor, 'account-added', added,
    json_build_object('userName', f_user_name, 'displayName', f_display_name, 'roles', f_roles), f_reason);
  return next added;
end $$;

-- Changes what is not null, and ends the sign-ins when rights or password changed. Refuses ('last') to take the last active
-- account away that has one of the roles `f_keep`: nobody could give them back.
create or replace function millrace_access.change_account(
  f_account uuid, f_display_name text, f_roles text[], f_active boolean, f_password_hash text, f_keep text[],
  f_actor text, f_reason text
) returns text language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
declare
  before accounts;
  details jsonb := '{}';
begin
  -- One change at a time: two administrators who take each other's role away must not both succeed.
  lock table accounts in share row exclusive mode;
  select * into before from accounts a where a.account_id = f_account;
  if before.account_id is null then
    return 'unknown';
  end if;
  if before.active and before.roles && f_keep
    and not (coalesce(f_active, before.active) and coalesce(f_roles, before.roles) && f_keep)
    and not exists (select from accounts a where a.account_id <> f_account and a.active and a.roles && f_keep)
  then
    return 'last';
  end if;
  update accounts a set display_name = coalesce(f_display_name, a.display_name), roles = coalesce(f_roles, a.roles),
    active = coalesce(f_active, a.active), password_hash = coalesce(f_password_hash, a.password_hash),
    changed_at = clock_timestamp()
  where a.account_id = f_account;
  if f_display_name is not null and f_display_name <> before.display_name then
    details := details || jsonb_build_object('displayName', f_display_name);
  end if;
  if f_roles is not null and f_roles <> before.roles then
    details := details || jsonb_build_object('roles', f_roles, 'rolesBefore', before.roles);
  end if;
  if f_active is not null and f_active <> before.active then
    details := details || jsonb_build_object('active', f_active);
  end if;
  if f_password_hash is not null then
    details := details || jsonb_build_object('password', 'changed');
  end if;
  if details - 'displayName' <> '{}' then
    delete from sign_ins s where s.account_id = f_account;
    perform pg_notify('millrace_access', '');
  end if;
  if details <> '{}' then
    perform record_change(f_actor, 'account-changed', f_account, details::json, f_reason);
  end if;
  return 'changed';
end $$;

-- Somebody's own password: changed when `f_before` is still what it was compared with, and false otherwise. Ends the other
-- sign-ins of the account, and keeps the one that asks.
create or replace function millrace_access.change_own_password(
  f_account uuid, f_before text, f_after text, f_keep bytea, f_actor text
) returns boolean language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
begin
  update accounts a set password_hash = f_after, changed_at = clock_timestamp()
  where a.account_id = f_account and a.password_hash = f_before and a.active;
  if not found then
    return false;
  end if;
  delete from sign_ins s where s.account_id = f_account and s.token_hash <> f_keep;
  perform pg_notify('millrace_access', '');
  perform record_change(f_actor, 'account-changed', f_account, json_build_object('password', 'changed'), null);
  return true;
end $$;

-- A password that was hashed with older parameters, hashed anew: no change of the password, and none of the sign-ins.
create or replace function millrace_access.rehash_password(f_account uuid, f_before text, f_after text)
returns void language sql security definer set search_path = millrace_access, pg_temp
as $$
  update accounts a set password_hash = f_after where a.account_id = f_account and a.password_hash = f_before
$$;

-- The account of somebody who has signed in at a provider: made at the first time, its name and roles those of the provider
-- from then on. Nothing comes back when it was deactivated here.
create or replace function millrace_access.keep_provider_account(
  f_issuer text, f_subject text, f_user_name text, f_user_key text, f_display_name text, f_roles text[]
) returns table (account_id uuid, user_name text, display_name text, roles text[])
language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
declare
  known accounts;
begin
  insert into accounts (user_name, user_key, display_name, issuer, subject, roles)
  values (f_user_name, f_user_key, f_display_name, f_issuer, f_subject, f_roles)
  on conflict (issuer, subject) do nothing returning * into known;
  if known.account_id is not null then
    perform record_change('provider ' || f_issuer, 'account-added', known.account_id,
      json_build_object('userName', f_user_name, 'displayName', f_display_name, 'roles', f_roles), null);
  else
    select * into known from accounts a where a.issuer = f_issuer and a.subject = f_subject for update;
    if not known.active then
      return;
    end if;
    if known.roles <> f_roles or known.display_name <> f_display_name then
      if known.roles <> f_roles then
        delete from sign_ins s where s.account_id = known.account_id;
        perform pg_notify('millrace_access', '');
        perform record_change('provider ' || f_issuer, 'account-changed', known.account_id,
          json_build_object('roles', f_roles, 'rolesBefore', known.roles), null);
      end if;
      update accounts a set roles = f_roles, display_name = f_display_name, changed_at = clock_timestamp()
      where a.account_id = known.account_id;
    end if;
  end if;
  return query select a.account_id, a.user_name, a.display_name, a.roles from accounts a where a.account_id = known.account_id;
end $$;

-- Whether somebody who comes with a token of a provider was deactivated here.
create or replace function millrace_access.provider_account_is_refused(f_issuer text, f_subject text)
returns boolean language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select exists (select from accounts a where a.issuer = f_issuer and a.subject = f_subject and not a.active)
$$;

-- Nothing comes back when the account is not active (any more), or its password was changed since it was compared.
create or replace function millrace_access.begin_sign_in(
  f_hash bytea, f_door text, f_account uuid, f_password_hash text, f_demo_role text, f_lifetime interval
) returns table (expires_at timestamptz) language sql security definer set search_path = millrace_access, pg_temp
as $$
  insert into sign_ins as s (token_hash, door, account_id, demo_role, expires_at)
  select f_hash, f_door, f_account, f_demo_role, clock_timestamp() + f_lifetime
  where f_account is null or exists (
    select from accounts a where a.account_id = f_account and a.active and a.password_hash is not distinct from f_password_hash
    for share
  )
  returning s.expires_at
$$;

-- Who a token stands for, as long as it does; using it puts the idle expiry off. Written at most once a minute.
create or replace function millrace_access.use_sign_in(f_hash bytea, f_door text, f_idle interval)
returns table (account_id uuid, demo_role text, user_name text, display_name text, roles text[], expires_at timestamptz)
language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
begin
  update sign_ins s set last_used_at = clock_timestamp()
  where s.token_hash = f_hash and s.last_used_at < clock_timestamp() - least(interval '1 minute', f_idle / 10)
    and s.last_used_at > clock_timestamp() - f_idle;
  return query
    select s.account_id, s.demo_role, a.user_name, a.display_name, a.roles, least(s.expires_at, s.last_used_at + f_idle)
    from sign_ins s left join accounts a on a.account_id = s.account_id
    where s.token_hash = f_hash and s.door = f_door and s.expires_at > clock_timestamp()
      and s.last_used_at > clock_timestamp() - f_idle and (s.account_id is null or a.active);
end $$;

create or replace function millrace_access.end_sign_in(f_hash bytea)
returns void language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
begin
  delete from sign_ins s where s.token_hash = f_hash;
  if found then
    perform pg_notify('millrace_access', '');
  end if;
end $$;

-- Those of some hashes, of sign-ins and of API keys, that stand for nobody any more. Looking is no use of them.
create or replace function millrace_access.which_ended(f_hashes bytea[], f_idle interval)
returns table (secret_hash bytea) language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select h from unnest(f_hashes) h
  where not exists (
      select from sign_ins s left join accounts a on a.account_id = s.account_id
      where s.token_hash = h and s.expires_at > clock_timestamp() and s.last_used_at > clock_timestamp() - f_idle
        and (s.account_id is null or a.active))
    and not exists (
      select from api_keys k where k.key_hash = h and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > clock_timestamp()))
$$;

create or replace function millrace_access.add_api_key(
  f_hash bytea, f_name text, f_roles text[], f_expires timestamptz, f_actor text, f_reason text
) returns table (key_id uuid, created_at timestamptz) language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
declare
  added api_keys;
begin
  insert into api_keys as k (key_hash, key_name, roles, created_by, expires_at)
  values (f_hash, f_name, f_roles, f_actor, f_expires) returning * into added;
  perform record_change(f_actor, 'api-key-added', added.key_id,
    json_build_object('name', f_name, 'roles', f_roles, 'expiresAt', f_expires), f_reason);
  return query select added.key_id, added.created_at;
end $$;

create or replace function millrace_access.list_api_keys(f_limit integer)
returns table (key_id uuid, key_name text, roles text[], created_at timestamptz, created_by text, expires_at timestamptz,
  revoked_at timestamptz)
language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select k.key_id, k.key_name, k.roles, k.created_at, k.created_by, k.expires_at, k.revoked_at
  from api_keys k order by k.created_at desc, k.key_id limit f_limit
$$;

create or replace function millrace_access.revoke_api_key(f_key uuid, f_actor text, f_reason text)
returns boolean language plpgsql security definer set search_path = millrace_access, pg_temp
as $$
begin
  update api_keys k set revoked_at = clock_timestamp() where k.key_id = f_key and k.revoked_at is null;
  if found then
    perform record_change(f_actor, 'api-key-revoked', f_key, '{}', f_reason);
    perform pg_notify('millrace_access', '');
    return true;
  end if;
  return exists (select from api_keys k where k.key_id = f_key);
end $$;

create or replace function millrace_access.use_api_key(f_hash bytea)
returns table (key_id uuid, key_name text, roles text[], expires_at timestamptz)
language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select k.key_id, k.key_name, k.roles, k.expires_at from api_keys k
  where k.key_hash = f_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())
$$;

create or replace function millrace_access.list_changes(f_before bigint, f_limit integer)
returns table (change_id bigint, changed_at timestamptz, actor text, action text, subject_id uuid, details json, reason text)
language sql stable security definer set search_path = millrace_access, pg_temp
as $$
  select c.* from changes c where f_before is null or c.change_id < f_before order by c.change_id desc limit f_limit
$$;

create or replace function millrace_access.keep_one_use(f_hash bytea, f_purpose text, f_content json, f_lifetime interval)
returns table (expires_at timestamptz) language sql security definer set search_path = millrace_access, pg_temp
as $$
  insert into one_use as o (secret_hash, purpose, content, expires_at)
  values (f_hash, f_purpose, f_content, clock_timestamp() + f_lifetime) returning o.expires_at
$$;

create or replace function millrace_access.take_one_use(f_hash bytea, f_purpose text)
returns table (content json) language sql security definer set search_path = millrace_access, pg_temp
as $$
  with taken as (
    delete from one_use o where o.secret_hash = f_hash and o.purpose = f_purpose returning o.content, o.expires_at
  )
  select t.content from taken t where t.expires_at > clock_timestamp()
$$;

-- Takes away what is over.
create or replace function millrace_access.prune(f_idle interval)
returns void language sql security definer set search_path = millrace_access, pg_temp
as $$
  delete from sign_ins s where s.expires_at < clock_timestamp() or s.last_used_at < clock_timestamp() - f_idle;
  delete from one_use o where o.expires_at < clock_timestamp();
$$;

-- Functions may be called by everybody when they are made; these by nobody until rights are given.
revoke all on all functions in schema millrace_access from public;
