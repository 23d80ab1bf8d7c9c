DROP INDEX lead_history_milestones;
CREATE INDEX lead_history_milestones ON lead_history (workspace_id, lead_id, id)
  WHERE type IN ('lead.stage_changed', 'lead.assigned', 'lead.deleted', 'lead.restored');
UPDATE duplicate_pairs SET state = 'rejected' WHERE state = 'merged';
ALTER TABLE duplicate_pairs DROP CONSTRAINT duplicate_pairs_state_check;
ALTER TABLE duplicate_pairs ADD CONSTRAINT duplicate_pairs_state_check CHECK (state IN ('open', 'rejected', 'snoozed'));
REVOKE UPDATE (lead_id) ON consents FROM baton_app;
DROP TABLE merge_identities;
DROP TABLE merge_moves;
DROP TABLE merge_leads;
DROP TABLE merges;
ALTER TABLE leads DROP COLUMN merged_into;
