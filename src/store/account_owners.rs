//! Who owns accounts: leads of one company, by its domain.

use crate::domain::shared_hosts::SHARED_HOSTS;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use uuid::Uuid;

statement! {
    Find { workspace_id: Uuid => SqlUuid, domain: &'a str => Text, but: Uuid => SqlUuid, shared: [&'a str] => Array<Text> }
    "WITH w AS (SELECT ?::uuid AS id, ?::text AS domain, ?::uuid AS but, ?::text[] AS shared) SELECT f.owner_id FROM w, LATERAL ( \
       (SELECT l.id, l.owner_id FROM leads l WHERE l.workspace_id = w.id AND l.website_domain = w.domain AND l.id <> w.but \
          AND l.owner_id IS NOT NULL AND l.deleted_at IS NULL AND l.stage_kind <> 'disqualified' AND NOT l.is_test \
          AND EXISTS (SELECT FROM users u WHERE u.workspace_id = w.id AND u.id = l.owner_id AND u.status <> 'disabled') ORDER BY l.id DESC LIMIT 1) \
       UNION ALL \
       (SELECT l.id, l.owner_id FROM leads l WHERE l.workspace_id = w.id AND l.email_domain = w.domain AND l.id <> w.but \
          AND (l.website_domain IS NULL OR l.website_domain = ANY (w.shared)) \
          AND l.owner_id IS NOT NULL AND l.deleted_at IS NULL AND l.stage_kind <> 'disqualified' AND NOT l.is_test \
          AND EXISTS (SELECT FROM users u WHERE u.workspace_id = w.id AND u.id = l.owner_id AND u.status <> 'disabled') ORDER BY l.id DESC LIMIT 1) \
     ) f ORDER BY f.id DESC LIMIT 1",
    returns SqlUuid
}

/// The owner of the latest lead of a company, by the domain of its website, or else of its mail address; but for one lead. Who
/// is disabled owns no account. `None`: nobody owns one that is not disqualified.
pub fn find(conn: &mut TenantConnection, domain: &str, but: Uuid) -> Result<Option<Uuid>> {
    let workspace_id = conn.workspace_id();
    Ok(Find {
        workspace_id: &workspace_id,
        domain: &domain,
        but: &but,
        shared: &SHARED_HOSTS,
    }
    .get_result(conn.pg())
    .optional()?)
}
