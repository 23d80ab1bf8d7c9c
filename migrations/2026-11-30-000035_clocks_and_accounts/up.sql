-- Lists of clocks ask for some states and kinds: each of them is a range of the index, in the order of due times.
DROP INDEX sla_clocks_open;
CREATE INDEX sla_clocks_open ON sla_clocks (workspace_id, state, kind, due_at, id) WHERE state IN ('running', 'paused', 'breached');
-- Who has a website at a host that many share is known by the mail address, too.
DROP INDEX leads_by_mail_domain;
CREATE INDEX leads_by_mail_domain ON leads (workspace_id, email_domain, id)
  WHERE email_domain IS NOT NULL AND owner_id IS NOT NULL AND deleted_at IS NULL;
-- Timelines show who accepted a lead and who gave it back.
DROP INDEX lead_history_milestones;
CREATE INDEX lead_history_milestones ON lead_history (workspace_id, lead_id, id)
  WHERE type IN ('lead.stage_changed', 'lead.assigned', 'lead.accepted', 'lead.rejected', 'lead.deleted', 'lead.restored', 'lead.merged', 'lead.unmerged');
