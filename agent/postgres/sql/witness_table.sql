-- The newest checkpoint of the controller's audit log that this target's agent had verified at its last claim, and the key that had
-- signed it: where an agent with a new state directory begins. One row. Apart from the rest of the schema, for schemas from before
-- there were witnesses.
create table resetctl.witness (
  only_row   boolean primary key default true check (only_row),
  origin     text not null,
  size       bigint not null,
  root       text not null,
  log_key    text not null,
  checkpoint text not null,  -- the signed note, base64
  kept_at    timestamptz not null default clock_timestamp()
);
