-- What a job found out, beside what it did.

ALTER TABLE jobs ADD COLUMN report jsonb;
ALTER TABLE jobs ADD COLUMN memory jsonb;
COMMENT ON COLUMN jobs.report IS 'what it has found so far; moves on with reached';
COMMENT ON COLUMN jobs.memory IS 'what one batch hands to the next';
