-- Who is notified (notify in controller.yaml), and the first entry of the audit log that they have not been told of yet.
CREATE TABLE notification_cursors (
  sink TEXT PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
