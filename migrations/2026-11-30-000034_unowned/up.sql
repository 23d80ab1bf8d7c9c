-- What belongs to a team is nobody's, too, until somebody in it is accountable (promise P3).
DROP INDEX leads_nobodys;
CREATE INDEX leads_nobodys ON leads (workspace_id, id)
  WHERE owner_id IS NULL AND queue IS NULL AND deleted_at IS NULL AND NOT is_test
    AND stage_kind NOT IN ('converted', 'disqualified');

-- Leads that are open again have a clock beside those that ended without anybody having answered.
CREATE INDEX sla_clocks_cancelled ON sla_clocks (workspace_id, lead_id) WHERE state = 'cancelled';

-- Workers look for leads that came to somebody who had just been disabled; they know no more of users than that.
CREATE POLICY gone ON users FOR SELECT TO baton_worker USING (status = 'disabled');
GRANT SELECT (workspace_id, id, status, updated_at) ON users TO baton_worker;

-- Until now what was given to a team alone waited nowhere.
UPDATE leads SET queue = 'unassigned'
WHERE owner_id IS NULL AND queue IS NULL AND deleted_at IS NULL AND NOT is_test AND stage_kind NOT IN ('converted', 'disqualified');
