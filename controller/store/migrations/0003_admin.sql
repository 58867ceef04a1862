-- A freeze may end by itself.
ALTER TABLE freezes ADD COLUMN until INTEGER NOT NULL DEFAULT 9223372036854775807;
-- A run may have broken the glass: why, and who has looked at it since.
ALTER TABLE runs ADD COLUMN break_glass TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN reviewer TEXT NOT NULL DEFAULT '';
-- Which database a target is: another one is refused until an admin binds it.
ALTER TABLE agents ADD COLUMN bound BLOB NOT NULL DEFAULT x'';
CREATE INDEX plans_by_bundle ON plans (bundle_digest);
