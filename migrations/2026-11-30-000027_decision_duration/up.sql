-- How long a decision took; those that were made before have none.

ALTER TABLE decisions ADD COLUMN duration_microseconds bigint;
