-- Searching for a part of a name, company, address or number; and what the planner has to know of the index of values.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE TABLE lead_texts (
  workspace_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  text text COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace_id, lead_id)
);
COMMENT ON COLUMN lead_texts.text IS 'name, company, mail address and digits of the phone numbers, without case and accents';
ALTER TABLE lead_texts ALTER COLUMN text SET STATISTICS 1000;
CREATE INDEX lead_texts_by_part ON lead_texts USING gin (workspace_id, text gin_trgm_ops) WITH (gin_pending_list_limit = 1024);
ALTER TABLE lead_texts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lead_texts TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON lead_texts TO baton_app;

CREATE TABLE search_positions (
  workspace_id uuid NOT NULL,
  position bigint NOT NULL,
  walked_through uuid,
  is_complete boolean NOT NULL,
  PRIMARY KEY (workspace_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN search_positions.position IS 'lead_texts has what the feed says up to there';
COMMENT ON COLUMN search_positions.walked_through IS 'of the leads that were there before that, those up to this one are in, too';
COMMENT ON COLUMN search_positions.is_complete IS 'all of them are';
ALTER TABLE search_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON search_positions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
CREATE POLICY indexer ON search_positions TO baton_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON search_positions TO baton_app;
GRANT SELECT ON search_positions TO baton_worker;
CREATE POLICY indexer ON feed_positions TO baton_worker USING (true);
GRANT SELECT ON feed_positions TO baton_worker;

-- The one function that reads as the owner: under row-level security LIKE cannot use an index, since it is not leakproof.
-- It sees the workspace of the transaction only, takes no SQL from its caller, and gives ids only, with which the caller
-- reads the leads it may see. With more leads expected than `expected`, it gives their estimated number instead.
CREATE FUNCTION find_leads(words text[], expected bigint, most bigint) RETURNS TABLE (lead_id uuid, estimate bigint)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  workspace uuid := nullif(current_setting('baton.workspace_id', true), '')::uuid;
  patterns text[] := ARRAY(SELECT '%' || replace(replace(replace(w, '\', '\\'), '%', '\%'), '_', '\_') || '%' FROM unnest(words) w);
  question text := 'SELECT t.lead_id FROM public.lead_texts t WHERE t.workspace_id = $1';
  plan json;
BEGIN
  IF workspace IS NULL OR coalesce(cardinality(words), 0) = 0 THEN
    RETURN;
  END IF;
  FOR number IN 1 .. cardinality(words) LOOP
    question := question || format(' AND t.text LIKE $2[%s]', number);
  END LOOP;
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || question INTO plan USING workspace, patterns;
  estimate := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision::bigint;
  IF estimate > expected THEN
    RETURN NEXT;
    RETURN;
  END IF;
  FOR lead_id IN EXECUTE question || ' LIMIT $3' USING workspace, patterns, most LOOP
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION find_leads(text[], bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_leads(text[], bigint, bigint) TO baton_app;

-- Values belong to fields: how frequent one is can only be told for both together.
CREATE STATISTICS lead_values_by_slot (mcv) ON workspace_id, slot, value FROM lead_values;
ALTER STATISTICS lead_values_by_slot SET STATISTICS 2000;
