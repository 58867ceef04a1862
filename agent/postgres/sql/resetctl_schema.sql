-- Everything that a target keeps about its own resets. The only objects that resetctl ever creates in a target.
-- Their schema is there already.

-- Which target this database is, and the newest fence that was given out. One row.
create table if not exists resetctl.target (
  only_row    boolean primary key default true check (only_row),
  marker      uuid not null default gen_random_uuid(),
  environment text not null,
  target      text not null,
  fence       bigint not null default 0 check (fence >= 0),
  made_at     timestamptz not null default now()
);

-- Begun runs. A run statement's nonce is used up here.
create table if not exists resetctl.claim (
  run               text primary key,
  plan              text not null,
  nonce             text not null unique,
  fence             bigint not null unique,
  runner            text not null,
  system_identifier text not null,
  timeline          bigint not null,
  claimed_at        timestamptz not null default now(),
  ended_at          timestamptz,
  ended_as          text
);

-- Runs that committed: the row is written by the very transaction that reset the target. A plan commits at most once.
create table if not exists resetctl.ledger (
  run          text primary key,
  plan         text not null unique,
  fence        bigint not null unique,
  xid          text not null,
  committed_at timestamptz not null default clock_timestamp(),
  result       bytea not null
);

-- Large objects of a committed run that are still to be unlinked, in batches: noted by the transaction that cleared their rows.
create table if not exists resetctl.large_object (
  run text not null,
  oid oid  not null,
  primary key (run, oid)
);
