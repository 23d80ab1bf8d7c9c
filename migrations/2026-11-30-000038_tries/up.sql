-- A lead in earnest keeps nothing of what a test says; a second delivery of it is known by its submission.

ALTER TABLE submissions ADD COLUMN said bytea;
COMMENT ON COLUMN submissions.said IS 'SHA-256 of what a test said under external ids, and of these; null: it is no test, or has none';
