-- Clocks that another process starts by the zone that somebody has just left follow them, too.

ALTER TABLE calendar_walks ADD COLUMN moved uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN calendar_walks.moved IS 'users and teams whose zone changed: before `until` a process may still start clocks by the one that was';
