-- Leads that became one, and what it takes to make them two again.

ALTER TABLE leads ADD COLUMN merged_into uuid;
COMMENT ON COLUMN leads.merged_into IS 'the lead that this one became a part of; perhaps merged into another since';

CREATE TABLE merges (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  survivor_id uuid NOT NULL,
  state text COLLATE "C" NOT NULL,
  before jsonb NOT NULL,
  changes jsonb NOT NULL,
  chosen jsonb NOT NULL,
  merged_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  undone_by jsonb,
  undone_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  CHECK (state IN ('done', 'undone'))
);
COMMENT ON COLUMN merges.id IS 'a UUIDv7 of created_at';
COMMENT ON COLUMN merges.before IS 'what the survivor held of values that no two leads may have';
COMMENT ON COLUMN merges.changes IS 'what changed of the survivor: path, old, new';
COMMENT ON COLUMN merges.chosen IS 'of which lead each value is that the survivor took, and by which rule';
CREATE INDEX merges_by_survivor ON merges (workspace_id, survivor_id, id);
ALTER TABLE merges ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merges TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON merges TO baton_app;

CREATE TABLE merge_leads (
  workspace_id uuid NOT NULL,
  merge_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, merge_id, lead_id)
);
COMMENT ON TABLE merge_leads IS 'the leads that became a part of the survivor';
CREATE INDEX merge_leads_by_lead ON merge_leads (workspace_id, lead_id, merge_id);
ALTER TABLE merge_leads ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merge_leads TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON merge_leads TO baton_app;

CREATE TABLE merge_moves (
  workspace_id uuid NOT NULL,
  merge_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  row_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, merge_id, kind, row_id)
);
COMMENT ON TABLE merge_moves IS 'what went to the survivor, or was made for it, and of which lead it was';
COMMENT ON COLUMN merge_moves.kind IS 'activity, note, submission, consent: moved; refusal, rejection: made; pair: settled';
ALTER TABLE merge_moves ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merge_moves TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON merge_moves TO baton_app;

CREATE TABLE merge_identities (
  workspace_id uuid NOT NULL,
  merge_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  lead_id uuid NOT NULL,
  content_hash bytea,
  submission_id uuid,
  PRIMARY KEY (workspace_id, merge_id, kind, value)
);
COMMENT ON TABLE merge_identities IS 'identities that went to the survivor, as they were';
ALTER TABLE merge_identities ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merge_identities TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON merge_identities TO baton_app;

-- A line of the ledger never changes, but it goes with its person.
GRANT UPDATE (lead_id) ON consents TO baton_app;

ALTER TABLE duplicate_pairs DROP CONSTRAINT duplicate_pairs_state_check;
ALTER TABLE duplicate_pairs ADD CONSTRAINT duplicate_pairs_state_check CHECK (state IN ('open', 'rejected', 'snoozed', 'merged'));

DROP INDEX lead_history_milestones;
CREATE INDEX lead_history_milestones ON lead_history (workspace_id, lead_id, id)
  WHERE type IN ('lead.stage_changed', 'lead.assigned', 'lead.deleted', 'lead.restored', 'lead.merged', 'lead.unmerged');
