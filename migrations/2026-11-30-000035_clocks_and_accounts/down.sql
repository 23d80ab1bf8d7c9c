DROP INDEX sla_clocks_open;
CREATE INDEX sla_clocks_open ON sla_clocks (workspace_id, due_at, id) WHERE state IN ('running', 'breached');
DROP INDEX leads_by_mail_domain;
CREATE INDEX leads_by_mail_domain ON leads (workspace_id, email_domain, id)
  WHERE website_domain IS NULL AND owner_id IS NOT NULL AND deleted_at IS NULL;
DROP INDEX lead_history_milestones;
CREATE INDEX lead_history_milestones ON lead_history (workspace_id, lead_id, id)
  WHERE type IN ('lead.stage_changed', 'lead.assigned', 'lead.deleted', 'lead.restored', 'lead.merged', 'lead.unmerged');
