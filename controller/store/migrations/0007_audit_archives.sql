-- Files that old entries of the audit log were moved to: the entries from `first` on, before `past`.
CREATE TABLE audit_archives (
  past   INTEGER PRIMARY KEY,
  first  INTEGER NOT NULL UNIQUE,
  file   TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;
-- Their leaf hashes, sixteen (32 bytes each) in a row: those of the entries from number * 16 on. With audit_subtrees they
-- make every proof that the entries would.
CREATE TABLE audit_archived_leaves (
  number INTEGER PRIMARY KEY,
  hashes BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_archives_are_append_only_1 BEFORE UPDATE ON audit_archives
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_archives_are_append_only_2 BEFORE DELETE ON audit_archives
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_archived_leaves_are_append_only_1 BEFORE UPDATE ON audit_archived_leaves
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_archived_leaves_are_append_only_2 BEFORE DELETE ON audit_archived_leaves
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- An entry may go once it is in an archive.
DROP TRIGGER audit_is_append_only_2;
CREATE TRIGGER audit_is_append_only_2 BEFORE DELETE ON audit
WHEN OLD.number >= (SELECT COALESCE(MAX(past), 0) FROM audit_archives)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
