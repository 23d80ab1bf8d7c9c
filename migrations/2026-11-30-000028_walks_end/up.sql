-- A walk through leads ends with those that were there when it began: what comes later is followed as it comes.

ALTER TABLE match_positions ADD COLUMN walk_until uuid;
COMMENT ON COLUMN match_positions.walk_until IS 'leads behind this one need no walk; null: all need one';
ALTER TABLE search_positions ADD COLUMN walk_until uuid;
COMMENT ON COLUMN search_positions.walk_until IS 'leads behind this one need no walk; null: all need one';
