-- A lead's value is read from the index alone: searches by two fields ask for it of thousands of leads.

CREATE INDEX lead_values_by_lead_value ON lead_values (workspace_id, lead_id, slot) INCLUDE (value);
DROP INDEX lead_values_by_lead;
