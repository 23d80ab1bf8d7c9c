-- What was taken back goes on counting for nothing.
UPDATE qualification_answers SET answer = jsonb_set(answer, '{withdrawn}', 'true') WHERE withdrawal IS NOT NULL;
ALTER TABLE qualification_answers DROP COLUMN withdrawal;
COMMENT ON TABLE qualification_answers IS 'evidence: what was said of budget, authority, need and timing; never changed';
