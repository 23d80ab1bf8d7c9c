DROP TABLE publishable_keys;
DROP TABLE forms;
DROP TABLE api_keys;
DROP TABLE workspaces;
