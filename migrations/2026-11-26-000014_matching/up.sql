-- Weights that were estimated from a workspace's own leads. A version never changes; one at most is active.

CREATE TABLE dedupe_calibrations (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  number integer NOT NULL,
  state text COLLATE "C" NOT NULL,
  weights jsonb NOT NULL,
  frequencies jsonb NOT NULL,
  report jsonb NOT NULL,
  created_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  activated_at timestamptz,
  retired_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, number),
  CHECK (state IN ('draft', 'active', 'retired'))
);
COMMENT ON COLUMN dedupe_calibrations.number IS '1, 2, 3 … in the workspace';
COMMENT ON COLUMN dedupe_calibrations.weights IS 'shares of pairs in each grade, by field, and records a person has';
COMMENT ON COLUMN dedupe_calibrations.frequencies IS 'how often values were found in the sample: counts until a scan has counted all leads';
COMMENT ON COLUMN dedupe_calibrations.report IS 'what was looked at, and what came out';
CREATE UNIQUE INDEX dedupe_calibrations_active ON dedupe_calibrations (workspace_id) WHERE state = 'active';
ALTER TABLE dedupe_calibrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dedupe_calibrations TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON dedupe_calibrations TO baton_app;

-- How far what looks for duplicates in the background has come.
CREATE TABLE match_positions (
  workspace_id uuid NOT NULL,
  position bigint NOT NULL,
  walked_through uuid,
  is_complete boolean NOT NULL,
  PRIMARY KEY (workspace_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN match_positions.position IS 'leads were compared again as the feed says up to there';
COMMENT ON COLUMN match_positions.walked_through IS 'of the leads that were there before there were keys, those up to this one have theirs';
COMMENT ON COLUMN match_positions.is_complete IS 'all of them have';
ALTER TABLE match_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON match_positions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY matcher ON match_positions TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON match_positions TO baton_app;
GRANT SELECT ON match_positions TO baton_worker;

-- Leads that the last scan took for one person, two or more to a cluster.
CREATE TABLE duplicate_clusters (
  workspace_id uuid NOT NULL,
  cluster_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, cluster_id, lead_id)
);
COMMENT ON COLUMN duplicate_clusters.cluster_id IS 'the oldest lead of the cluster';
ALTER TABLE duplicate_clusters ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON duplicate_clusters TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON duplicate_clusters TO baton_app;
