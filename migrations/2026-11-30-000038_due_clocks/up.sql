-- Lists of clocks ask for some states and kinds: each of them is a range of the index, in the order of due times.
DROP INDEX sla_clocks_open;
CREATE INDEX sla_clocks_open ON sla_clocks (workspace_id, state, kind, due_at, id) WHERE state IN ('running', 'paused', 'breached');
