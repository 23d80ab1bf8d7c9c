-- What came in: raw submissions, touches and other activities, consents, and answers kept for retries.

CREATE TABLE submissions (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  state text COLLATE "C" NOT NULL,
  reason text COLLATE "C",
  door text COLLATE "C" NOT NULL,
  form_id uuid,
  source text COLLATE "C",
  channel text COLLATE "C" NOT NULL,
  actor jsonb NOT NULL,
  content_type text COLLATE "C" NOT NULL,
  body bytea NOT NULL,
  context jsonb NOT NULL,
  lead_id uuid,
  PRIMARY KEY (workspace_id, id, received_at),
  CHECK (state IN ('processed', 'quarantined', 'spam', 'test', 'replayed', 'discarded'))
) PARTITION BY RANGE (received_at);
COMMENT ON COLUMN submissions.id IS 'the receipt: a UUIDv7 of received_at';
COMMENT ON COLUMN submissions.door IS 'the way in: capture, leads, form';
COMMENT ON COLUMN submissions.body IS 'the request as it came, byte for byte';
COMMENT ON COLUMN submissions.context IS 'what stood beside the body: page, referrer, address, user agent';
CREATE INDEX submissions_by_state ON submissions (workspace_id, state, id) WHERE state <> 'processed';
CREATE INDEX submissions_by_lead ON submissions (workspace_id, lead_id);
ALTER TABLE submissions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON submissions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON submissions TO baton_app;

CREATE TABLE activities (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  type text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  source text COLLATE "C",
  channel text COLLATE "C",
  submission_id uuid,
  actor jsonb NOT NULL,
  attribution jsonb NOT NULL,
  properties jsonb NOT NULL,
  is_test boolean NOT NULL,
  PRIMARY KEY (workspace_id, id, created_at)
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE activities IS 'what happened with a lead; one with attribution is a touch';
COMMENT ON COLUMN activities.occurred_at IS 'the sender''s time; created_at is ours';
CREATE INDEX activities_by_lead ON activities (workspace_id, lead_id, occurred_at, id);
ALTER TABLE activities ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON activities TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON activities TO baton_app;

-- A ledger: rows are added, never changed. A submission that says nothing about a consent adds no row (P11).
CREATE TABLE consents (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  channel text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  granted boolean NOT NULL,
  text text COLLATE "C",
  source text COLLATE "C",
  submission_id uuid,
  occurred_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN consents.text IS 'the exact words that were shown';
CREATE INDEX consents_by_lead ON consents (workspace_id, lead_id, id);
ALTER TABLE consents ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consents TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON consents TO baton_app;

-- Not partitioned: a unique key over partitions would have to contain the time, and a retry across the boundary would
-- then run twice (P7).
CREATE TABLE idempotency_keys (
  workspace_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  request_hash bytea NOT NULL,
  status smallint,
  etag text COLLATE "C",
  body bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, actor_id, key)
);
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of method, path and body';
COMMENT ON COLUMN idempotency_keys.status IS 'null only inside the transaction that is answering';
CREATE INDEX idempotency_keys_by_time ON idempotency_keys USING brin (workspace_id, created_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO baton_app;
