CREATE INDEX lead_values_by_lead ON lead_values (workspace_id, lead_id, slot);
DROP INDEX lead_values_by_lead_value;
