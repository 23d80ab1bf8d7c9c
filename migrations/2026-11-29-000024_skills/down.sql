DELETE FROM rule_documents WHERE kind = 'skill';
ALTER TABLE rule_documents DROP CONSTRAINT rule_documents_kind_check;
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_kind_check
  CHECK (kind IN ('calendar', 'pool', 'routing_policy', 'sla_policy', 'framework', 'scoring_model'));
