DELETE FROM decisions WHERE kind = 'score';
ALTER TABLE decisions DROP CONSTRAINT decisions_kind_check;
ALTER TABLE decisions ADD CONSTRAINT decisions_kind_check CHECK (kind IN ('routing', 'clocks', 'qualification'));
DELETE FROM rule_documents WHERE kind = 'scoring_model';
ALTER TABLE rule_documents DROP CONSTRAINT rule_documents_kind_check;
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_kind_check
  CHECK (kind IN ('calendar', 'pool', 'routing_policy', 'sla_policy', 'framework'));
DROP TABLE lead_scores;
ALTER TABLE leads
  DROP COLUMN fit,
  DROP COLUMN engagement,
  DROP COLUMN engagement_as_of,
  DROP COLUMN engagement_half_life_days,
  DROP COLUMN engagement_order,
  DROP COLUMN grade;
