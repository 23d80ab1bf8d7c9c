-- Turns are decided before the transaction that took those before them is committed: the stamp tells whether the row is the one
-- that they were decided by. Nobody looks into the turns here.
ALTER TABLE pool_turns ADD COLUMN stamp uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE pool_turns ALTER COLUMN turns TYPE json USING turns::json;
COMMENT ON COLUMN pool_turns.stamp IS 'another with every change';
