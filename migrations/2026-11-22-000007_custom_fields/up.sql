-- The workspaces' own fields, and the index of their values.

CREATE TABLE field_definitions (
  workspace_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  field_type text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  description text COLLATE "C",
  options jsonb NOT NULL,
  required boolean NOT NULL,
  is_unique boolean NOT NULL,
  identifies boolean NOT NULL,
  default_value jsonb,
  pattern text COLLATE "C",
  filterable boolean NOT NULL,
  archived boolean NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  index_ready boolean NOT NULL,
  unique_ready boolean NOT NULL,
  walk_state text COLLATE "C" NOT NULL,
  walk_since timestamptz,
  walked_through uuid,
  walked bigint NOT NULL,
  walk_total bigint,
  misfits bigint NOT NULL,
  unique_conflicts jsonb NOT NULL,
  PRIMARY KEY (workspace_id, key),
  UNIQUE (workspace_id, slot),
  CHECK (slot > 0),
  CHECK (field_type IN ('text', 'long_text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'single_choice', 'multi_choice', 'url', 'money')),
  CHECK (walk_state IN ('idle', 'walking', 'settling'))
);
COMMENT ON COLUMN field_definitions.slot IS 'the short name of key in lead_values; never given twice';
COMMENT ON COLUMN field_definitions.index_ready IS 'lead_values has the values of every lead';
COMMENT ON COLUMN field_definitions.unique_ready IS 'lead_identities has the values of every lead';
COMMENT ON COLUMN field_definitions.walk_state IS 'leads that were there before the last change: not gone through yet, those that changed meanwhile, done';
COMMENT ON COLUMN field_definitions.walk_since IS 'the last change that concerns values that were there before';
COMMENT ON COLUMN field_definitions.walked_through IS 'the last lead gone through';
COMMENT ON COLUMN field_definitions.misfits IS 'leads gone through whose value does not fit the definition';
COMMENT ON COLUMN field_definitions.unique_conflicts IS 'ids of leads that share a value, where that kept the field from being unique';
CREATE INDEX field_definitions_to_walk ON field_definitions (workspace_id, key) WHERE walk_state <> 'idle';
ALTER TABLE field_definitions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON field_definitions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY walker ON field_definitions TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON field_definitions TO baton_app;
GRANT SELECT ON field_definitions TO baton_worker;

-- A row for each value of a filterable field, several for a choice of many; slot 0 has the labels. Values are in the
-- form in which the order of bytes is their order.
CREATE TABLE lead_values (
  workspace_id uuid NOT NULL,
  slot smallint NOT NULL,
  value text COLLATE "C" NOT NULL,
  lead_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, slot, value, lead_id)
);
CREATE INDEX lead_values_by_lead ON lead_values (workspace_id, lead_id, slot);
ALTER TABLE lead_values ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lead_values TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON lead_values TO baton_app;
INSERT INTO lead_values (workspace_id, slot, value, lead_id)
  SELECT DISTINCT l.workspace_id, 0, t.tag, l.id FROM leads l, jsonb_array_elements_text(l.tags) AS t (tag) WHERE octet_length(t.tag) <= 2100;

-- A value that no two leads may share is an identity.
ALTER TABLE lead_identities DROP CONSTRAINT lead_identities_kind_check;
ALTER TABLE lead_identities ADD CONSTRAINT lead_identities_kind_check CHECK (kind IN ('email', 'phone', 'external_id', 'visitor_id', 'custom_field'));
