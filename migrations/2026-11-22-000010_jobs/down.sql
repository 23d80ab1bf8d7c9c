DROP TABLE saved_views;
DROP TABLE job_items;
DROP TABLE jobs;
