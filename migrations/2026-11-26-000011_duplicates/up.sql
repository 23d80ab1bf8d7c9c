-- Finding leads that may be one person: keys, what is known of how often values are found, and pairs to look at.

CREATE TABLE match_keys (
  workspace_id uuid NOT NULL,
  family smallint NOT NULL,
  hash bigint NOT NULL,
  lead_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, family, hash, lead_id)
);
COMMENT ON TABLE match_keys IS 'leads that share a key are compared; a lead has up to sixteen';
COMMENT ON COLUMN match_keys.family IS 'of which parts the key is made, domain/dedupe/keys.rs';
ALTER TABLE match_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON match_keys TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON match_keys TO baton_app;

CREATE TABLE match_statistics (
  workspace_id uuid NOT NULL,
  statistics jsonb NOT NULL,
  counted_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id)
);
COMMENT ON COLUMN match_statistics.statistics IS 'how often values are found, and how many records a person has';
ALTER TABLE match_statistics ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON match_statistics TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON match_statistics TO baton_app;

CREATE TABLE duplicate_pairs (
  workspace_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  other_lead_id uuid NOT NULL,
  id uuid NOT NULL,
  state text COLLATE "C" NOT NULL,
  probability double precision NOT NULL,
  fields jsonb NOT NULL,
  found_by text COLLATE "C" NOT NULL,
  snoozed_until timestamptz,
  decided_by jsonb,
  decided_at timestamptz,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, lead_id, other_lead_id),
  CHECK (lead_id < other_lead_id),
  CHECK (state IN ('open', 'rejected', 'snoozed')),
  CHECK (found_by IN ('capture', 'scan'))
);
COMMENT ON COLUMN duplicate_pairs.lead_id IS 'the older lead';
COMMENT ON COLUMN duplicate_pairs.fields IS 'what each field says: its name, how its values go together, its weight in bits';
CREATE UNIQUE INDEX duplicate_pairs_by_id ON duplicate_pairs (workspace_id, id);
CREATE INDEX duplicate_pairs_by_probability ON duplicate_pairs (workspace_id, state, probability, id);
CREATE INDEX duplicate_pairs_by_other ON duplicate_pairs (workspace_id, other_lead_id);
ALTER TABLE duplicate_pairs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON duplicate_pairs TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON duplicate_pairs TO baton_app;
