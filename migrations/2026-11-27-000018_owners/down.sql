DROP INDEX leads_by_website;
DROP INDEX leads_by_mail_domain;
DROP POLICY timer ON assignments;
REVOKE SELECT (workspace_id, lead_id, next_look_at) ON assignments FROM baton_worker;
ALTER TABLE assignments DROP COLUMN accept_by, DROP COLUMN take_back_after_idle_hours, DROP COLUMN next_look_at;
