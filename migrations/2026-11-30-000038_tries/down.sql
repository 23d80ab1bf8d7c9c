ALTER TABLE submissions DROP COLUMN said;
