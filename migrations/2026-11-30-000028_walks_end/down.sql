ALTER TABLE search_positions DROP COLUMN walk_until;
ALTER TABLE match_positions DROP COLUMN walk_until;
