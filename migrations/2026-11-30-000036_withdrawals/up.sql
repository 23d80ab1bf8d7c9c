-- What was said of a lead can be taken back; it stays as it was said.
ALTER TABLE qualification_answers ADD COLUMN withdrawal jsonb;
COMMENT ON TABLE qualification_answers IS 'evidence: what was said of budget, authority, need and timing; never changed, and taken back by what stands beside it';
COMMENT ON COLUMN qualification_answers.withdrawal IS 'who took it back, when and why, domain/qualification/answer.rs; null: it counts';
GRANT UPDATE (withdrawal) ON qualification_answers TO baton_app;
