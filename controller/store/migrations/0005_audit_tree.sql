-- The perfect subtrees of the audit log's Merkle tree, from 16 leaves (level 4) on: the leaves number << level and
-- following. Proofs read a few of them; smaller subtrees are hashed from their entries. Filled from the log when this
-- migration is applied, then with each entry.
CREATE TABLE audit_subtrees (
  level  INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_subtrees_are_append_only_1 BEFORE UPDATE ON audit_subtrees
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_subtrees_are_append_only_2 BEFORE DELETE ON audit_subtrees
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- The newest page by action, and of all but the steps of runs, which outnumber all else.
CREATE INDEX audit_by_action ON audit (action, number);
CREATE INDEX audit_without_events ON audit (number) WHERE action <> 'run.event';
