-- What agents say as witnesses of the audit log: their key, what is wrong with the log for them, the newest acceptance of another
-- history that the log holds, and the newest checkpoint that they cosigned.
ALTER TABLE agents ADD COLUMN witness_key TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN witness_alarm BLOB NOT NULL DEFAULT x'';
ALTER TABLE agents ADD COLUMN witness_accepted TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN cosigned BLOB NOT NULL DEFAULT x'';
ALTER TABLE agents ADD COLUMN cosigned_size INTEGER NOT NULL DEFAULT 0;
