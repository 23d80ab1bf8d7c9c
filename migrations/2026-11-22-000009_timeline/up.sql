-- What people did with a lead and wrote about it, and the pipeline that a lead moves through.

-- All of them may be null: what a capture adds has none of them.
ALTER TABLE activities ADD COLUMN direction text COLLATE "C";
ALTER TABLE activities ADD COLUMN outcome text COLLATE "C";
ALTER TABLE activities ADD COLUMN duration_seconds bigint;
ALTER TABLE activities ADD COLUMN subject text COLLATE "C";
ALTER TABLE activities ADD COLUMN body text COLLATE "C";
ALTER TABLE activities ADD COLUMN version bigint;
ALTER TABLE activities ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN activities.direction IS 'inbound, outbound';
COMMENT ON COLUMN activities.version IS 'counts corrections; null: 1';
COMMENT ON COLUMN activities.deleted_at IS 'no longer shown';

-- The few events that the timeline shows, among the many that the history has.
CREATE INDEX lead_history_milestones ON lead_history (workspace_id, lead_id, id)
  WHERE type IN ('lead.stage_changed', 'lead.assigned', 'lead.deleted', 'lead.restored');

CREATE TABLE notes (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  lead_id uuid NOT NULL,
  author jsonb NOT NULL,
  body text COLLATE "C" NOT NULL,
  pinned boolean NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN notes.id IS 'a UUIDv7 of created_at';
COMMENT ON COLUMN notes.version IS 'counts every change, from 1; the ETag';
CREATE INDEX notes_by_lead ON notes (workspace_id, lead_id, id);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON notes TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO baton_app;

CREATE TABLE note_versions (
  workspace_id uuid NOT NULL,
  note_id uuid NOT NULL,
  version bigint NOT NULL,
  body text COLLATE "C",
  pinned boolean NOT NULL,
  actor jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, note_id, version)
);
COMMENT ON TABLE note_versions IS 'every text a note has had';
COMMENT ON COLUMN note_versions.body IS 'null: deleted';
ALTER TABLE note_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON note_versions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON note_versions TO baton_app;

CREATE TABLE pipelines (
  workspace_id uuid NOT NULL,
  stages jsonb NOT NULL,
  version bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id)
);
COMMENT ON TABLE pipelines IS 'stages in order; a workspace without a row has one of each kind';
ALTER TABLE pipelines ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON pipelines TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON pipelines TO baton_app;
