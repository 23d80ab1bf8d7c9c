-- Leads that are offered, and leads that nobody does anything with; who owns an account.

ALTER TABLE assignments
  ADD COLUMN accept_by timestamptz,
  ADD COLUMN take_back_after_idle_hours integer,
  ADD COLUMN next_look_at timestamptz;
COMMENT ON COLUMN assignments.accept_by IS 'until when it is to be accepted';
COMMENT ON COLUMN assignments.next_look_at IS 'when a worker looks whether it was accepted, or anything done';
CREATE INDEX assignments_to_look ON assignments (workspace_id, next_look_at) WHERE next_look_at IS NOT NULL;
CREATE POLICY timer ON assignments FOR SELECT TO baton_worker USING (true);
GRANT SELECT (workspace_id, lead_id, next_look_at) ON assignments TO baton_worker;

CREATE INDEX leads_by_website ON leads (workspace_id, website_domain, id)
  WHERE website_domain IS NOT NULL AND owner_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX leads_by_mail_domain ON leads (workspace_id, email_domain, id)
  WHERE website_domain IS NULL AND owner_id IS NOT NULL AND deleted_at IS NULL;
