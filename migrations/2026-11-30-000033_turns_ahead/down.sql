ALTER TABLE pool_turns ALTER COLUMN turns TYPE jsonb USING turns::jsonb;
ALTER TABLE pool_turns DROP COLUMN stamp;
