//! API keys of programs.

use crate::domain::access::Scope;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::api_keys;
use crate::store::statement::statement;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

/// What is stored of an API key.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    /// A UUIDv7.
    pub id: Uuid,
    /// For people: what it is used for.
    pub name: String,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its own rate limit.
    pub requests_per_minute: Option<i32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Adds a key.
pub fn insert(conn: &mut TenantConnection, key: &ApiKeyRecord) -> Result<()> {
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::workspace_id.eq(conn.workspace_id()),
            api_keys::id.eq(key.id),
            api_keys::name.eq(&key.name),
            api_keys::secret_hash.eq(&key.secret_hash),
            api_keys::scopes.eq(serde_json::to_value(&key.scopes).map_err(Error::internal)?),
            api_keys::requests_per_minute.eq(key.requests_per_minute),
            api_keys::created_at.eq(key.created_at),
            api_keys::expires_at.eq(key.expires_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
struct ApiKeyRow {
    id: Uuid,
    name: String,
    secret_hash: Vec<u8>,
    scopes: Value,
    requests_per_minute: Option<i32>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<ApiKeyRow> for ApiKeyRecord {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<ApiKeyRecord> {
        Ok(ApiKeyRecord {
            id: row.id,
            name: row.name,
            secret_hash: row.secret_hash,
            scopes: serde_json::from_value(row.scopes).map_err(Error::internal)?,
            requests_per_minute: row.requests_per_minute,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// A key by its id.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<ApiKeyRecord>> {
    let row: Option<ApiKeyRow> = api_keys::table
        .filter(api_keys::workspace_id.eq(conn.workspace_id()))
        .filter(api_keys::id.eq(id))
        .select(ApiKeyRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(ApiKeyRecord::try_from).transpose()
}

/// A page of keys, newest first, from before a key on.
pub fn list(
    conn: &mut TenantConnection,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ApiKeyRecord>> {
    let mut query = api_keys::table
        .filter(api_keys::workspace_id.eq(conn.workspace_id()))
        .order(api_keys::id.desc())
        .limit(limit)
        .select(ApiKeyRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(api_keys::id.lt(before));
    }
    let rows = query.load::<ApiKeyRow>(conn.pg())?;
    rows.into_iter().map(ApiKeyRecord::try_from).collect()
}

/// Notes that a key was used, at most once a minute.
pub fn mark_used(
    conn: &mut TenantConnection,
    key: &ApiKeyRecord,
    now: DateTime<Utc>,
) -> Result<()> {
    if key
        .last_used_at
        .is_some_and(|last| now - last < Duration::minutes(1))
    {
        return Ok(());
    }
    Touch {
        now: &now,
        workspace_id: &conn.workspace_id(),
        id: &key.id,
    }
    .execute(conn.pg())?;
    Ok(())
}

statement! {
    /// Of many requests that come at once one notes it down, and the others do not wait for that.
    Touch { now: DateTime<Utc> => Timestamptz, workspace_id: Uuid => SqlUuid, id: Uuid => SqlUuid }
    "WITH k AS (SELECT ?::timestamptz AS now, ?::uuid AS workspace_id, ?::uuid AS id) \
     UPDATE api_keys a SET last_used_at = k.now FROM k WHERE a.workspace_id = k.workspace_id AND a.id = \
       (SELECT f.id FROM api_keys f WHERE f.workspace_id = k.workspace_id AND f.id = k.id FOR UPDATE SKIP LOCKED)"
}

/// Revokes a key; `false` when there is none or it was revoked before.
pub fn revoke(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let revoked = diesel::update(api_keys::table)
        .filter(api_keys::workspace_id.eq(conn.workspace_id()))
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_null())
        .set(api_keys::revoked_at.eq(now))
        .execute(conn.pg())?;
    Ok(revoked == 1)
}
