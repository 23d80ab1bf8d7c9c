DROP TABLE duplicate_pairs;
DROP TABLE match_statistics;
DROP TABLE match_keys;
