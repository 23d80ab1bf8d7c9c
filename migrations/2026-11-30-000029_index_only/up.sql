-- Searches by fields and the look for duplicates read these tables from their indexes alone, as far as vacuum has seen the
-- pages: it comes after every 2 % of new rows, and then looks at the new pages only. By default it waited for 20 %,
-- and a search at a million leads took half as long again.

ALTER TABLE lead_values SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 10000);
ALTER TABLE match_keys SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 10000);
