-- What a capture leaves as JSON is kept as it was written: nothing looks into these columns in SQL but where a `feed`
-- entry's changes are read, and taking JSON apart into `jsonb` was a twelfth of what a capture cost the database.

ALTER TABLE decisions
  ALTER COLUMN rules TYPE json USING rules::text::json,
  ALTER COLUMN result TYPE json USING result::text::json,
  ALTER COLUMN basis TYPE json USING basis::text::json;
ALTER TABLE sla_clocks ALTER COLUMN clock TYPE json USING clock::text::json;
ALTER TABLE lead_scores ALTER COLUMN ledger TYPE json USING ledger::text::json;
ALTER TABLE submissions
  ALTER COLUMN actor TYPE json USING actor::text::json,
  ALTER COLUMN context TYPE json USING context::text::json;
ALTER TABLE outbox ALTER COLUMN payload TYPE json USING payload::text::json;
ALTER TABLE feed ALTER COLUMN payload TYPE json USING payload::text::json;
