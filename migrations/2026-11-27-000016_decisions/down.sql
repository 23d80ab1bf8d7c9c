ALTER TABLE leads DROP COLUMN verdict;
DROP TABLE qualification_answers;
ALTER TABLE leads DROP COLUMN queue;
DROP TABLE sla_clocks;
DROP TABLE assignments;
DROP TABLE decisions;
DROP TABLE pool_turns;
DROP TABLE rule_documents;
