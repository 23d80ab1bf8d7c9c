-- Statistics of columns that no plan asks of: analyzing them took a sixth of the machine while leads came in fast. These
-- tables are read by one index each, whatever is in them. Of the others, documents are not compared with anything.

DO $$
DECLARE
  of_table CONSTANT text[] := ARRAY['assignments', 'decisions', 'feed', 'idempotency_keys', 'job_items', 'lead_history', 'lead_scores',
    'match_keys', 'outbox', 'sla_clocks', 'submissions'];
  found record;
BEGIN
  FOR found IN
    SELECT t.oid::regclass AS own, a.attname AS column FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_inherits i ON i.inhrelid = t.oid
    LEFT JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace
      AND (coalesce(parent.relname, t.relname) = ANY (of_table) OR a.atttypid IN ('json'::regtype, 'jsonb'::regtype, 'bytea'::regtype))
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', found.own, found.column);
  END LOOP;
END $$;

-- Nor are they read from an index alone, for which vacuum would have to see new rows soon.
ALTER TABLE decisions SET (autovacuum_vacuum_insert_threshold = 100000);
ALTER TABLE lead_history SET (autovacuum_vacuum_insert_threshold = 100000);
ALTER TABLE lead_scores SET (autovacuum_vacuum_insert_threshold = 100000);
ALTER TABLE idempotency_keys SET (autovacuum_vacuum_insert_threshold = 100000);
