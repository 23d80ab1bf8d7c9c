-- People: users and teams, sessions, links that are good for once, failed logins; the audit log; the keys that sign access tokens.

CREATE TABLE users (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  email text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  password_hash text COLLATE "C",
  external_issuer text COLLATE "C",
  external_subject text COLLATE "C",
  token_epoch bigint NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  last_login_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (workspace_id)
);
COMMENT ON COLUMN users.email IS 'in normal form';
COMMENT ON COLUMN users.status IS 'invited, active or disabled';
COMMENT ON COLUMN users.password_hash IS 'argon2id, as a PHC string; null: no login by password';
COMMENT ON COLUMN users.external_subject IS 'who they are at the identity provider external_issuer';
COMMENT ON COLUMN users.token_epoch IS 'an access token with another number is void';
CREATE UNIQUE INDEX users_by_email ON users (workspace_id, email);
CREATE UNIQUE INDEX users_by_external_subject ON users (workspace_id, external_issuer, external_subject) WHERE external_subject IS NOT NULL;
CREATE INDEX users_by_role ON users (workspace_id, role, id);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON users TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO baton_app;

CREATE TABLE teams (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id) REFERENCES workspaces (workspace_id)
);
CREATE UNIQUE INDEX teams_by_name ON teams (workspace_id, name);
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON teams TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON teams TO baton_app;

CREATE TABLE team_members (
  workspace_id uuid NOT NULL,
  team_id uuid NOT NULL,
  user_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, team_id, user_id),
  FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
  FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
CREATE INDEX team_members_by_user ON team_members (workspace_id, user_id, team_id);
ALTER TABLE team_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON team_members TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON team_members TO baton_app;

CREATE TABLE sessions (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON TABLE sessions IS 'a login and the family of refresh tokens that came of it';
COMMENT ON COLUMN sessions.used_at IS 'when it was begun or last refreshed';
CREATE INDEX sessions_by_user ON sessions (workspace_id, user_id, id);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sessions TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO baton_app;

CREATE TABLE refresh_tokens (
  workspace_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  spent_at timestamptz,
  successor_salt bytea,
  PRIMARY KEY (workspace_id, token_hash),
  FOREIGN KEY (workspace_id, session_id) REFERENCES sessions (workspace_id, id)
);
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256; the token itself is never stored';
COMMENT ON COLUMN refresh_tokens.successor_salt IS 'with the spent token it gives the successor again, for twenty seconds; neither does alone';
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (workspace_id, session_id);
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON refresh_tokens TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO baton_app;

CREATE TABLE one_time_tokens (
  workspace_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  user_id uuid NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (workspace_id, token_hash),
  FOREIGN KEY (workspace_id, user_id) REFERENCES users (workspace_id, id)
);
COMMENT ON COLUMN one_time_tokens.purpose IS 'invitation or password_reset';
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (workspace_id, user_id);
ALTER TABLE one_time_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON one_time_tokens TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON one_time_tokens TO baton_app;

-- Of addresses that nobody has, too: that somebody is limited must not tell that they exist.
CREATE TABLE login_attempts (
  workspace_id uuid NOT NULL,
  account_hash bytea NOT NULL,
  attempts bigint NOT NULL,
  began_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, account_hash)
);
COMMENT ON COLUMN login_attempts.account_hash IS 'SHA-256 of the mail address';
COMMENT ON COLUMN login_attempts.attempts IS 'since began_at, without one that succeeded';
ALTER TABLE login_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON login_attempts TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_attempts TO baton_app;

CREATE TABLE audit_log (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  action text COLLATE "C" NOT NULL,
  actor_type text COLLATE "C" NOT NULL,
  actor_id uuid,
  target_type text COLLATE "C",
  target_id uuid,
  details jsonb NOT NULL,
  request_id text COLLATE "C",
  client_address text COLLATE "C",
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON TABLE audit_log IS 'administrative and security events; the service can add to it and read it, nothing else';
COMMENT ON COLUMN audit_log.id IS 'a UUIDv7 of occurred_at';
CREATE INDEX audit_log_by_action ON audit_log (workspace_id, action, id);
CREATE INDEX audit_log_by_actor ON audit_log (workspace_id, actor_id, id);
CREATE INDEX audit_log_by_target ON audit_log (workspace_id, target_id, id);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT ON audit_log TO baton_app;

-- Of the service, not of a workspace. Its owner makes keys; requests only read them.
CREATE TABLE signing_keys (
  id uuid NOT NULL,
  private_key bytea NOT NULL,
  public_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  active_from timestamptz NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (id)
);
COMMENT ON COLUMN signing_keys.id IS 'the kid of tokens';
COMMENT ON COLUMN signing_keys.private_key IS 'Ed25519, PKCS #8';
COMMENT ON COLUMN signing_keys.active_from IS 'the newest key that is active signs';
COMMENT ON COLUMN signing_keys.expires_at IS 'until when tokens signed with it are accepted; null: it has no successor yet';
ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY service ON signing_keys FOR SELECT TO baton_app USING (true);
GRANT SELECT ON signing_keys TO baton_app;

-- Who logs in need not name the workspace where there is only one.
CREATE POLICY counted ON workspaces FOR SELECT TO baton_worker USING (true);
GRANT SELECT ON workspaces TO baton_worker;
