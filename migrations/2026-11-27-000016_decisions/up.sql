-- What a workspace decides by, and what was decided: who gets a lead, and by when they have to answer.

CREATE TABLE rule_documents (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  document jsonb NOT NULL,
  note text COLLATE "C",
  created_by jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  activated_at timestamptz,
  retired_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, kind, key, version),
  CHECK (kind IN ('calendar', 'pool', 'routing_policy', 'sla_policy', 'framework')),
  CHECK (state IN ('draft', 'active', 'retired'))
);
COMMENT ON TABLE rule_documents IS 'a version never changes; of each kind and key one at most is active';
COMMENT ON COLUMN rule_documents.version IS '1, 2, 3 … of the kind and key';
CREATE UNIQUE INDEX rule_documents_active ON rule_documents (workspace_id, kind, key) WHERE state = 'active';
ALTER TABLE rule_documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rule_documents TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON rule_documents TO baton_app;

CREATE TABLE pool_turns (
  workspace_id uuid NOT NULL,
  pool text COLLATE "C" NOT NULL,
  turns jsonb NOT NULL,
  PRIMARY KEY (workspace_id, pool)
) WITH (fillfactor = 50);
COMMENT ON COLUMN pool_turns.turns IS 'what is due to each member, domain/routing/turns.rs';
ALTER TABLE pool_turns ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON pool_turns TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON pool_turns TO baton_app;

CREATE TABLE decisions (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  rules jsonb NOT NULL,
  result jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  CHECK (kind IN ('routing', 'clocks', 'qualification'))
);
COMMENT ON COLUMN decisions.rules IS 'versions of the rule documents it was decided by; null: the usual ones';
COMMENT ON COLUMN decisions.result IS 'what was decided, with every value and candidate it was decided by';
CREATE INDEX decisions_by_lead ON decisions (workspace_id, lead_id, id);
ALTER TABLE decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON decisions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON decisions TO baton_app;
GRANT UPDATE (lead_id) ON decisions TO baton_app;

CREATE TABLE assignments (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  user_id uuid NOT NULL,
  state text COLLATE "C" NOT NULL,
  given_at timestamptz NOT NULL,
  accepted_at timestamptz,
  ended_at timestamptz,
  reason text COLLATE "C",
  decision_id uuid,
  PRIMARY KEY (workspace_id, id),
  CHECK (state IN ('offered', 'accepted', 'rejected', 'timed_out', 'taken_back', 'ended'))
);
COMMENT ON TABLE assignments IS 'who had a lead, from when to when, and how they let it go';
CREATE INDEX assignments_by_lead ON assignments (workspace_id, lead_id, id);
ALTER TABLE assignments ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON assignments TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON assignments TO baton_app;

CREATE TABLE sla_clocks (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  due_at timestamptz NOT NULL,
  next_fire_at timestamptz,
  clock jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id),
  CHECK (state IN ('running', 'paused', 'met', 'breached', 'cancelled'))
);
COMMENT ON COLUMN sla_clocks.next_fire_at IS 'when a worker has something to do with it next';
COMMENT ON COLUMN sla_clocks.clock IS 'all of it, domain/sla/clock.rs';
CREATE INDEX sla_clocks_by_lead ON sla_clocks (workspace_id, lead_id, id);
CREATE INDEX sla_clocks_open ON sla_clocks (workspace_id, due_at, id) WHERE state IN ('running', 'breached');
CREATE INDEX sla_clocks_to_fire ON sla_clocks (workspace_id, next_fire_at) WHERE next_fire_at IS NOT NULL;
ALTER TABLE sla_clocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sla_clocks TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY timer ON sla_clocks FOR SELECT TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sla_clocks TO baton_app;
GRANT SELECT (workspace_id, lead_id, next_fire_at) ON sla_clocks TO baton_worker;

CREATE TABLE qualification_answers (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  answer jsonb NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE qualification_answers IS 'evidence: what was said of budget, authority, need and timing; never changed';
COMMENT ON COLUMN qualification_answers.answer IS 'as given and as read, domain/qualification/answer.rs';
CREATE INDEX qualification_answers_by_lead ON qualification_answers (workspace_id, lead_id, id);
ALTER TABLE qualification_answers ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON qualification_answers TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON qualification_answers TO baton_app;
GRANT UPDATE (lead_id) ON qualification_answers TO baton_app;

ALTER TABLE leads ADD COLUMN verdict text COLLATE "C";
COMMENT ON COLUMN leads.verdict IS 'what the answers amount to: disqualified, unqualified, mql, sql';
ALTER TABLE leads ADD COLUMN queue text COLLATE "C";
COMMENT ON COLUMN leads.queue IS 'where a lead waits that nobody owns';
CREATE INDEX leads_by_queue ON leads (workspace_id, queue, id) WHERE queue IS NOT NULL;
