DROP TABLE duplicate_clusters;
DROP TABLE match_positions;
DROP TABLE dedupe_calibrations;
