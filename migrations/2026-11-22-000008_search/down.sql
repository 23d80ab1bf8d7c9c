DROP STATISTICS lead_values_by_slot;
DROP FUNCTION find_leads(text[], bigint, bigint);
REVOKE SELECT ON feed_positions FROM baton_worker;
DROP POLICY indexer ON feed_positions;
DROP TABLE search_positions;
DROP TABLE lead_texts;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
