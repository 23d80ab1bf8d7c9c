DROP INDEX sla_clocks_open;
CREATE INDEX sla_clocks_open ON sla_clocks (workspace_id, due_at, id) WHERE state IN ('running', 'breached');
