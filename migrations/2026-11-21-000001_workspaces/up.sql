-- Workspaces, the keys of programs, and the forms of websites.
-- Every table is reached under row-level security by baton_app, which owns nothing. Policies are ENABLEd and never FORCEd.

CREATE TABLE workspaces (
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  settings jsonb NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id)
);
ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspaces TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON workspaces TO baton_app;

CREATE TABLE api_keys (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  secret_hash bytea NOT NULL,
  scopes jsonb NOT NULL,
  requests_per_minute integer,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (workspace_id)
);
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256 of the secret part; the key itself is shown once';
COMMENT ON COLUMN api_keys.requests_per_minute IS 'null: the limit of the service';
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON api_keys TO baton_app;

CREATE TABLE forms (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  source text NOT NULL,
  allowed_origins jsonb NOT NULL,
  allowed_redirects jsonb NOT NULL,
  default_country text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (workspace_id)
);
COMMENT ON COLUMN forms.allowed_origins IS 'origins whose pages may post by script; empty: any';
COMMENT ON COLUMN forms.allowed_redirects IS 'addresses, or beginnings of addresses, a browser may be sent on to';
ALTER TABLE forms ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON forms TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON forms TO baton_app;

CREATE TABLE publishable_keys (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  form_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, form_id) REFERENCES forms (workspace_id, id)
);
COMMENT ON TABLE publishable_keys IS 'keys that may stand in a web page: they only submit to the form they name';
ALTER TABLE publishable_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON publishable_keys TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON publishable_keys TO baton_app;
