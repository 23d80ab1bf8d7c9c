-- Skills are rule documents: who can do what, in every pool.

ALTER TABLE rule_documents DROP CONSTRAINT rule_documents_kind_check;
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_kind_check
  CHECK (kind IN ('skill', 'calendar', 'pool', 'routing_policy', 'sla_policy', 'framework', 'scoring_model'));
