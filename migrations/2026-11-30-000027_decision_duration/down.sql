ALTER TABLE decisions DROP COLUMN duration_microseconds;
