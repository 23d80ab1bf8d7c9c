ALTER TABLE feed ALTER COLUMN payload TYPE jsonb USING payload::jsonb;
ALTER TABLE outbox ALTER COLUMN payload TYPE jsonb USING payload::jsonb;
ALTER TABLE submissions
  ALTER COLUMN actor TYPE jsonb USING actor::jsonb,
  ALTER COLUMN context TYPE jsonb USING context::jsonb;
ALTER TABLE lead_scores ALTER COLUMN ledger TYPE jsonb USING ledger::jsonb;
ALTER TABLE sla_clocks ALTER COLUMN clock TYPE jsonb USING clock::jsonb;
ALTER TABLE decisions
  ALTER COLUMN rules TYPE jsonb USING rules::jsonb,
  ALTER COLUMN result TYPE jsonb USING result::jsonb,
  ALTER COLUMN basis TYPE jsonb USING basis::jsonb;
