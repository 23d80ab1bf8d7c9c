ALTER TABLE idempotency_keys RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE lead_scores RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE lead_history RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE decisions RESET (autovacuum_vacuum_insert_threshold);

DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT t.oid::regclass AS own, a.attname AS column FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace AND a.attstattarget = 0
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', found.own, found.column);
  END LOOP;
END $$;
