REVOKE SELECT (workspace_id, id, status, updated_at) ON users FROM baton_worker;
DROP POLICY gone ON users;
DROP INDEX sla_clocks_cancelled;
DROP INDEX leads_nobodys;
CREATE INDEX leads_nobodys ON leads (workspace_id, id)
  WHERE owner_id IS NULL AND team_id IS NULL AND queue IS NULL AND deleted_at IS NULL AND NOT is_test
    AND stage_kind NOT IN ('converted', 'disqualified');
