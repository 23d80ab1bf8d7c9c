ALTER INDEX lead_texts_by_part SET (gin_pending_list_limit = 1024);

DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT oid::regclass AS own FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s RESET (autovacuum_analyze_scale_factor)', found.own);
  END LOOP;
END $$;
