-- Who is accountable for a lead, where it stands and since when; and the history of every lead.

ALTER TABLE leads ADD COLUMN owner_id uuid;
ALTER TABLE leads ADD COLUMN team_id uuid;
ALTER TABLE leads ADD COLUMN stage_kind text COLLATE "C" NOT NULL DEFAULT 'new';
ALTER TABLE leads ADD COLUMN stage_changed_at timestamptz;
ALTER TABLE leads ADD COLUMN disqualify_reason text COLLATE "C";
ALTER TABLE leads ADD COLUMN revisit_at timestamptz;
COMMENT ON COLUMN leads.stage_kind IS 'the fixed kind of the stage: new, nurturing, mql, accepted, sql, converted, disqualified';
COMMENT ON COLUMN leads.stage_changed_at IS 'null: since created_at';
COMMENT ON COLUMN leads.revisit_at IS 'when a disqualified lead is worth another look';
CREATE INDEX leads_by_owner ON leads (workspace_id, owner_id, id) WHERE owner_id IS NOT NULL;
CREATE INDEX leads_by_team ON leads (workspace_id, team_id, id) WHERE team_id IS NOT NULL;
CREATE INDEX leads_by_revisit_at ON leads (workspace_id, revisit_at, id) WHERE revisit_at IS NOT NULL;

-- Every event of a lead but its creation, which is what remains when all later changes are taken back.
CREATE TABLE lead_history (
  workspace_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  decision_id uuid,
  payload jsonb NOT NULL,
  PRIMARY KEY (workspace_id, lead_id, id)
);
COMMENT ON COLUMN lead_history.id IS 'the id of the event: a UUIDv7 that grows with each change of one lead';
COMMENT ON COLUMN lead_history.payload IS 'actor, cause, origin, changes and data of the event';
ALTER TABLE lead_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lead_history TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON lead_history TO baton_app;
