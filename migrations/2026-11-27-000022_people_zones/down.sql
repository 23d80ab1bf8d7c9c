ALTER TABLE teams DROP COLUMN timezone;
ALTER TABLE users DROP COLUMN timezone;
