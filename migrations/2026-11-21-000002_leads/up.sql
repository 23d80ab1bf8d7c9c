-- Leads and what identifies them.
-- A lead's id is a UUIDv7 of the moment in created_at, so the primary key is also the index for lists by created_at.
-- Text columns carry COLLATE "C": one order on every server, and comparisons that row-level security lets an index answer.

CREATE TABLE leads (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  email text COLLATE "C",
  email_domain text COLLATE "C",
  phone text COLLATE "C",
  phone_extension text COLLATE "C",
  mobile_phone text COLLATE "C",
  salutation text COLLATE "C",
  first_name text COLLATE "C",
  last_name text COLLATE "C",
  company text COLLATE "C",
  title text COLLATE "C",
  website text COLLATE "C",
  website_domain text COLLATE "C",
  linkedin_url text COLLATE "C",
  street text COLLATE "C",
  city text COLLATE "C",
  region text COLLATE "C",
  postal_code text COLLATE "C",
  country text COLLATE "C",
  timezone text COLLATE "C",
  language text COLLATE "C",
  industry text COLLATE "C",
  employee_count bigint,
  annual_revenue bigint,
  currency text COLLATE "C",
  message text COLLATE "C",
  source text COLLATE "C",
  channel text COLLATE "C" NOT NULL,
  stage text COLLATE "C" NOT NULL,
  custom jsonb NOT NULL,
  tags jsonb NOT NULL,
  first_attribution jsonb NOT NULL,
  last_attribution jsonb NOT NULL,
  is_test boolean NOT NULL,
  version bigint NOT NULL,
  captured_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  last_activity_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN leads.phone IS 'E.164 where it could be told, else as it came';
COMMENT ON COLUMN leads.country IS 'ISO 3166-1 alpha-2 where it could be told, else as it came';
COMMENT ON COLUMN leads.annual_revenue IS 'whole units of currency';
COMMENT ON COLUMN leads.version IS 'counts every change, from 1; the ETag';
COMMENT ON COLUMN leads.captured_at IS 'the sender''s time of the first submission; created_at is ours';
CREATE INDEX leads_by_updated_at ON leads (workspace_id, updated_at, id);
CREATE INDEX leads_by_email ON leads (workspace_id, email, id);
CREATE INDEX leads_by_last_name ON leads (workspace_id, last_name, id);
CREATE INDEX leads_by_company ON leads (workspace_id, company, id);
CREATE INDEX leads_by_phone ON leads (workspace_id, phone) WHERE phone IS NOT NULL;
CREATE INDEX leads_by_source ON leads (workspace_id, source, id);
CREATE INDEX leads_by_stage ON leads (workspace_id, stage, id);
CREATE INDEX leads_deleted ON leads (workspace_id, deleted_at) WHERE deleted_at IS NOT NULL;
ALTER TABLE leads ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON leads TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON leads TO baton_app;

-- One person, one lead (P2): this primary key settles it. Identities are claimed before the leads they belong to are
-- written, so there is no foreign key to leads.
CREATE TABLE lead_identities (
  workspace_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  lead_id uuid NOT NULL,
  content_hash bytea,
  submission_id uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, kind, value),
  CHECK (kind IN ('email', 'phone', 'external_id', 'visitor_id'))
);
COMMENT ON COLUMN lead_identities.value IS 'normalised: lower-case address, E.164 number, system:id, visitor id';
COMMENT ON COLUMN lead_identities.content_hash IS 'SHA-256 of what the sender last said under this external id';
COMMENT ON COLUMN lead_identities.submission_id IS 'the receipt of that submission';
CREATE INDEX lead_identities_by_lead ON lead_identities (workspace_id, lead_id);
ALTER TABLE lead_identities ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lead_identities TO baton_app
  USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)
  WITH CHECK (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON lead_identities TO baton_app;
