-- What decisions were made on; calendars that change while clocks count by them; rules that begin to count at a time.

ALTER TABLE decisions ADD COLUMN basis jsonb;
COMMENT ON COLUMN decisions.basis IS 'the moment, the version of the lead and what it was beside that version, domain/decision.rs';

ALTER TABLE sla_clocks ADD COLUMN calendar text COLLATE "C";
ALTER TABLE sla_clocks ADD COLUMN calendar_version bigint;
COMMENT ON COLUMN sla_clocks.calendar IS 'key of the calendar that it counts by; null: around the clock';
CREATE INDEX sla_clocks_by_calendar ON sla_clocks (workspace_id, calendar, calendar_version, id)
  WHERE calendar IS NOT NULL AND state IN ('running', 'paused', 'breached');
UPDATE sla_clocks SET calendar = clock -> 'calendar' ->> 'key', calendar_version = (clock -> 'calendar' ->> 'version')::bigint
  WHERE clock -> 'calendar' ->> 'key' IS NOT NULL;

CREATE TABLE calendar_walks (
  workspace_id uuid NOT NULL,
  calendar text COLLATE "C" NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, calendar)
);
COMMENT ON TABLE calendar_walks IS 'calendars that have changed: open clocks that count by another version are to be recomputed';
COMMENT ON COLUMN calendar_walks.until IS 'before this moment a process may still start clocks by the version that was';
ALTER TABLE calendar_walks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON calendar_walks TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY timer ON calendar_walks FOR SELECT TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_walks TO baton_app;
GRANT SELECT ON calendar_walks TO baton_worker;

ALTER TABLE rule_documents ADD COLUMN activate_at timestamptz;
ALTER TABLE rule_documents ADD COLUMN scheduled_by jsonb;
ALTER TABLE rule_documents DROP CONSTRAINT rule_documents_state_check;
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_state_check CHECK (state IN ('draft', 'scheduled', 'active', 'retired'));
ALTER TABLE rule_documents ADD CONSTRAINT rule_documents_activate_at_check CHECK ((state = 'scheduled') = (activate_at IS NOT NULL));
COMMENT ON COLUMN rule_documents.activate_at IS 'when a scheduled version is to count';
COMMENT ON COLUMN rule_documents.scheduled_by IS 'who said so';
CREATE INDEX rule_documents_scheduled ON rule_documents (workspace_id, activate_at) WHERE state = 'scheduled';
CREATE POLICY timer ON rule_documents FOR SELECT TO baton_worker USING (true);
GRANT SELECT (workspace_id, id, state, activate_at) ON rule_documents TO baton_worker;
