-- The controller's memory. Times are microseconds since 1970 UTC; the largest integer means never. Column `number` is
-- the order of arrival, and what pages are cut by. States are the numbers of the protobuf enums.

CREATE TABLE bundles (
  digest TEXT PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE plans (
  number                 INTEGER PRIMARY KEY AUTOINCREMENT,
  id                     TEXT NOT NULL UNIQUE,
  version                INTEGER NOT NULL,
  document               BLOB NOT NULL,
  mac                    BLOB NOT NULL,
  bundle_digest          TEXT NOT NULL REFERENCES bundles (digest),
  plan_statement         BLOB NOT NULL,
  environment            TEXT NOT NULL,
  target                 TEXT NOT NULL,
  author                 TEXT NOT NULL,
  author_key_fingerprint TEXT NOT NULL,
  rules                  TEXT NOT NULL,
  policy_digest          TEXT NOT NULL,
  floor_digest           TEXT NOT NULL,
  blueprint_name         TEXT NOT NULL,
  rows_total             INTEGER NOT NULL,
  tables_total           INTEGER NOT NULL,
  create_time            INTEGER NOT NULL,
  expire_time            INTEGER NOT NULL,
  state                  INTEGER NOT NULL,
  state_reason           TEXT NOT NULL,
  last_run_id            TEXT NOT NULL
) STRICT;
CREATE INDEX plans_by_environment ON plans (environment, number);
CREATE INDEX plans_by_state ON plans (state, number);

CREATE TABLE approvals (
  plan_id         TEXT NOT NULL REFERENCES plans (id),
  sequence        INTEGER NOT NULL,
  person          TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  decision        TEXT NOT NULL,
  reason          TEXT NOT NULL,
  policy_digest   TEXT NOT NULL,
  floor_digest    TEXT NOT NULL,
  start_before    INTEGER NOT NULL,
  time            INTEGER NOT NULL,
  statement       BLOB NOT NULL,
  PRIMARY KEY (plan_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  number                 INTEGER PRIMARY KEY AUTOINCREMENT,
  id                     TEXT NOT NULL UNIQUE,
  version                INTEGER NOT NULL,
  plan_id                TEXT NOT NULL REFERENCES plans (id),
  environment            TEXT NOT NULL,
  target                 TEXT NOT NULL,
  runner                 TEXT NOT NULL,
  runner_key_fingerprint TEXT NOT NULL,
  run_statement          BLOB NOT NULL,
  resume_statement       BLOB NOT NULL,
  create_time            INTEGER NOT NULL,
  hold_until             INTEGER NOT NULL,
  start_before           INTEGER NOT NULL,
  state                  INTEGER NOT NULL,
  problem                BLOB,
  start_time             INTEGER,
  end_time               INTEGER,
  result                 BLOB,
  fence                  INTEGER NOT NULL,
  cancel_requested       INTEGER NOT NULL,
  cancel_person          TEXT NOT NULL,
  detached               INTEGER NOT NULL,
  audit_entry            INTEGER NOT NULL,
  last_seq               INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_environment ON runs (environment, number);
CREATE INDEX runs_by_plan ON runs (plan_id, number);
-- HELD, OFFERED, RUNNING, COMMITTED, UNKNOWN: at most one such run per target (controller/domain/run_state.h, IsActive).
CREATE UNIQUE INDEX one_active_run_per_target ON runs (environment, target) WHERE state IN (1, 2, 3, 4, 10);

CREATE TABLE run_events (
  run_id TEXT NOT NULL REFERENCES runs (id),
  seq    INTEGER NOT NULL,
  event  BLOB NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  token_hash      BLOB PRIMARY KEY,
  person          TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  peer            TEXT NOT NULL,
  create_time     INTEGER NOT NULL,
  expire_time     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE challenges (
  challenge   BLOB PRIMARY KEY,
  person      TEXT NOT NULL,
  expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nonces (
  nonce       TEXT PRIMARY KEY,
  expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
  environment TEXT NOT NULL,
  target      TEXT NOT NULL,
  hello       BLOB NOT NULL,
  enroll_time INTEGER NOT NULL,
  seen_time   INTEGER,
  PRIMARY KEY (environment, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  serial      TEXT NOT NULL UNIQUE,
  environment TEXT NOT NULL,
  target      TEXT NOT NULL,
  not_after   INTEGER NOT NULL,
  issue_time  INTEGER NOT NULL,
  revoked     INTEGER NOT NULL,
  FOREIGN KEY (environment, target) REFERENCES agents (environment, target)
) STRICT;
CREATE INDEX certificates_by_agent ON certificates (environment, target, number);

CREATE TABLE join_tokens (
  token_hash  BLOB PRIMARY KEY,
  environment TEXT NOT NULL,
  target      TEXT NOT NULL,
  created_by  TEXT NOT NULL,
  expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE freezes (
  environment TEXT PRIMARY KEY,
  person      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  time        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  person      TEXT NOT NULL,
  method      TEXT NOT NULL,
  request_id  TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  subject     TEXT NOT NULL,
  time        INTEGER NOT NULL,
  PRIMARY KEY (person, method, request_id)
) STRICT, WITHOUT ROWID;

-- RFC 6962: `entry` is the leaf, byte for byte; the other columns are only there to be searched.
CREATE TABLE audit (
  number      INTEGER PRIMARY KEY,
  entry       BLOB NOT NULL,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  subject     TEXT NOT NULL,
  environment TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, number);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_environment ON audit (environment, number);

-- One row: the tree's right edge (32 bytes a hash, largest subtree first) and the signed checkpoint of it.
CREATE TABLE audit_head (
  only     INTEGER PRIMARY KEY CHECK (only = 1),
  size     INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  root     BLOB NOT NULL,
  note     TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_append_only_1 BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_append_only_2 BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER approvals_are_append_only_1 BEFORE UPDATE ON approvals
BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END;
CREATE TRIGGER approvals_are_append_only_2 BEFORE DELETE ON approvals
BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END;
CREATE TRIGGER events_are_append_only_1 BEFORE UPDATE ON run_events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_append_only_2 BEFORE DELETE ON run_events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
