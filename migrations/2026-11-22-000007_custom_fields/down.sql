DELETE FROM lead_identities WHERE kind = 'custom_field';
ALTER TABLE lead_identities DROP CONSTRAINT lead_identities_kind_check;
ALTER TABLE lead_identities ADD CONSTRAINT lead_identities_kind_check CHECK (kind IN ('email', 'phone', 'external_id', 'visitor_id'));
DROP TABLE lead_values;
DROP TABLE field_definitions;
