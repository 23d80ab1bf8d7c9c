-- By whose clocks the hours of people and teams are.

ALTER TABLE users ADD COLUMN timezone text COLLATE "C";
ALTER TABLE teams ADD COLUMN timezone text COLLATE "C";
COMMENT ON COLUMN users.timezone IS 'IANA name; null: not known, and the zone of calendars counts';
COMMENT ON COLUMN teams.timezone IS 'IANA name; null: not known, and the zone of calendars counts';
