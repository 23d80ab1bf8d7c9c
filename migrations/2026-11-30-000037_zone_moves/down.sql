ALTER TABLE calendar_walks DROP COLUMN moved;
