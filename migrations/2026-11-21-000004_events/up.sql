-- Events: written to the outbox beside the data, moved by the sequencer into the feed, where each has a position.

-- Column names are those of Debezium's outbox event router.
CREATE TABLE outbox (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  aggregatetype text COLLATE "C" NOT NULL,
  aggregateid uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  payload jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON COLUMN outbox.id IS 'a UUIDv7 that grows with each change of one lead';
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY sequencer ON outbox TO baton_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON outbox TO baton_app;
GRANT SELECT ON outbox TO baton_worker;

CREATE TABLE feed (
  workspace_id uuid NOT NULL,
  position bigint NOT NULL,
  published_at timestamptz NOT NULL,
  id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  lead_id uuid NOT NULL,
  version bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  payload jsonb NOT NULL,
  PRIMARY KEY (workspace_id, position, published_at)
) PARTITION BY RANGE (published_at);
COMMENT ON COLUMN feed.position IS '1, 2, 3 … without a gap in each workspace';
ALTER TABLE feed ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON feed TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT ON feed TO baton_app;

CREATE TABLE feed_positions (
  workspace_id uuid NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (workspace_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN feed_positions.position IS 'the last position given; its row lock lets one sequencer at a time number a workspace';
ALTER TABLE feed_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON feed_positions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON feed_positions TO baton_app;
