-- Some of the plan's tables were sampled, not counted: rows_total is an estimate and is shown with "≈".
ALTER TABLE plans ADD COLUMN rows_estimated INTEGER NOT NULL DEFAULT 0;
