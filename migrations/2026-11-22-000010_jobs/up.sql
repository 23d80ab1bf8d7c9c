-- Work over many leads, and the views that people save.

CREATE TABLE jobs (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  params jsonb NOT NULL,
  lead_ids uuid[],
  actor_type text COLLATE "C" NOT NULL,
  actor_id uuid,
  origin text COLLATE "C",
  total bigint,
  changed bigint NOT NULL,
  unchanged bigint NOT NULL,
  failed bigint NOT NULL,
  skipped bigint NOT NULL,
  reached uuid,
  attempts integer NOT NULL,
  problem jsonb,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  claimed_by uuid,
  claimed_until timestamptz,
  PRIMARY KEY (workspace_id, id),
  CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
  CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'cancelled', 'failed')))
) WITH (fillfactor = 50);
COMMENT ON COLUMN jobs.id IS 'a UUIDv7 of created_at; leads with a greater id are not of the job';
COMMENT ON COLUMN jobs.params IS 'what is to be done with which leads, by kind';
COMMENT ON COLUMN jobs.lead_ids IS 'the leads, sorted, where they were named one by one';
COMMENT ON COLUMN jobs.total IS 'null until the leads are counted';
COMMENT ON COLUMN jobs.reached IS 'the last lead that is done; moves on in the transaction of the effects';
COMMENT ON COLUMN jobs.attempts IS 'batches that failed as a whole, one after the other';
COMMENT ON COLUMN jobs.claimed_until IS 'nobody else takes the job before this moment of the database''s clock';
CREATE INDEX jobs_by_actor ON jobs (workspace_id, actor_id, id);
CREATE INDEX jobs_open ON jobs (workspace_id, id) WHERE finished_at IS NULL;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON jobs TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY worker ON jobs TO baton_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON jobs TO baton_app;
GRANT SELECT ON jobs TO baton_worker;

-- No reference to jobs: a check for each of a million leads would cost more than it proves.
CREATE TABLE job_items (
  workspace_id uuid NOT NULL,
  job_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  problem jsonb,
  PRIMARY KEY (workspace_id, job_id, lead_id),
  CHECK (outcome IN ('changed', 'unchanged', 'failed', 'skipped'))
);
COMMENT ON TABLE job_items IS 'what became of each lead; the key also keeps a lead from being done twice';
CREATE INDEX job_items_by_outcome ON job_items (workspace_id, job_id, outcome, lead_id);
ALTER TABLE job_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON job_items TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT ON job_items TO baton_app;

CREATE TABLE saved_views (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  owner_type text COLLATE "C" NOT NULL,
  owner_id uuid NOT NULL,
  is_shared boolean NOT NULL,
  condition jsonb,
  q text COLLATE "C",
  columns jsonb NOT NULL,
  sort jsonb NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX saved_views_by_owner ON saved_views (workspace_id, owner_id, id);
ALTER TABLE saved_views ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON saved_views TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO baton_app;
