-- The score of a lead: what lists show and are sorted by, and the ledger that what is new is added to.

ALTER TABLE leads
  ADD COLUMN fit bigint,
  ADD COLUMN engagement double precision,
  ADD COLUMN engagement_as_of timestamptz,
  ADD COLUMN engagement_half_life_days double precision,
  ADD COLUMN engagement_order bigint,
  ADD COLUMN grade text COLLATE "C";
COMMENT ON COLUMN leads.fit IS 'points for who the lead is; null: not scored';
COMMENT ON COLUMN leads.engagement IS 'points for what the lead did, as they were worth at engagement_as_of';
COMMENT ON COLUMN leads.engagement_half_life_days IS 'days in which engagement loses half its worth; null: it loses nothing';
COMMENT ON COLUMN leads.engagement_order IS 'the order of engagement at any moment, domain/scoring/lead_score.rs';
COMMENT ON COLUMN leads.grade IS 'A1 to D4';
CREATE INDEX leads_by_fit ON leads (workspace_id, fit, engagement_order, id) WHERE fit IS NOT NULL;
CREATE INDEX leads_by_engagement ON leads (workspace_id, engagement_order, id) WHERE engagement_order IS NOT NULL;
CREATE INDEX leads_by_grade ON leads (workspace_id, grade, id) WHERE grade IS NOT NULL;

CREATE TABLE lead_scores (
  workspace_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  model text COLLATE "C",
  model_version bigint,
  ledger jsonb NOT NULL,
  next_change_at timestamptz,
  verdict_changes_at timestamptz,
  is_stale boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, lead_id)
);
COMMENT ON COLUMN lead_scores.model IS 'the key of the model that scored the lead; null: none counts for it';
COMMENT ON COLUMN lead_scores.model_version IS 'null: the model that every workspace begins with';
COMMENT ON COLUMN lead_scores.ledger IS 'domain/scoring/ledger.rs';
COMMENT ON COLUMN lead_scores.next_change_at IS 'when a worker looks at the lead next: something is crossed by decay, an answer becomes stale, or the lead has changed';
COMMENT ON COLUMN lead_scores.verdict_changes_at IS 'when what the answers amount to may change by itself';
COMMENT ON COLUMN lead_scores.is_stale IS 'to be qualified and scored from nothing';
CREATE INDEX lead_scores_to_change ON lead_scores (workspace_id, next_change_at) WHERE next_change_at IS NOT NULL;
ALTER TABLE lead_scores ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lead_scores TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY timer ON lead_scores FOR SELECT TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lead_scores TO baton_app;
GRANT SELECT (workspace_id, lead_id, next_change_at) ON lead_scores TO baton_worker;

ALTER TABLE decisions DROP CONSTRAINT decisions_kind_check;
ALTER TABLE decisions ADD CONSTRAINT decisions_kind_check CHECK (kind IN ('routing', 'clocks', 'qualification', 'score'));
ALTER TABLE rule_documents DROP CONSTRAINT rule_documents_kind_check;
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_kind_check
  CHECK (kind IN ('calendar', 'pool', 'routing_policy', 'sla_policy', 'framework', 'scoring_model'));
