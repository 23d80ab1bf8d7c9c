//! Says who holds a key, and what they may do.

use crate::domain::access::Scope;
use crate::domain::form::Form;
use crate::domain::key::{ApiKey, PublishableKey};
use crate::domain::workspace::WorkspaceSettings;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{api_keys, forms, workspaces};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A program with an API key.
#[derive(Debug, Clone)]
pub struct Program {
    /// The workspace the key opens.
    pub workspace_id: Uuid,
    /// The key.
    pub key_id: Uuid,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its own rate limit.
    pub requests_per_minute: Option<u32>,
    /// The workspace's rules.
    pub settings: Arc<WorkspaceSettings>,
}

/// Who holds this key; `None` when it is unknown, revoked or past its time, which the caller must not be told apart.
pub fn by_api_key(
    conn: &mut TenantConnection,
    key: &ApiKey,
    now: DateTime<Utc>,
) -> Result<Option<Program>> {
    let Some(record) = api_keys::find(conn, key.id)? else {
        return Ok(None);
    };
    let ended = record.revoked_at.is_some() || record.expires_at.is_some_and(|end| end <= now);
    if ended || !same_bytes(&record.secret_hash, &key.secret_hash()) {
        return Ok(None);
    }
    api_keys::mark_used(conn, &record, now)?;
    let workspace = workspaces::get(conn)?;
    Ok(Some(Program {
        workspace_id: workspace.id,
        key_id: record.id,
        scopes: record.scopes,
        requests_per_minute: record
            .requests_per_minute
            .and_then(|limit| limit.try_into().ok()),
        settings: Arc::new(workspace.settings),
    }))
}

/// A website with a publishable key.
#[derive(Debug, Clone)]
pub struct Website {
    /// The workspace of the form.
    pub workspace_id: Uuid,
    /// The form it may submit to.
    pub form: Form,
    /// The workspace's rules.
    pub settings: Arc<WorkspaceSettings>,
}

/// The form behind a publishable key; `None` when the key is unknown or revoked.
pub fn by_publishable_key(
    conn: &mut TenantConnection,
    key: PublishableKey,
) -> Result<Option<Website>> {
    let Some(form) = forms::find_by_key(conn, key.id)? else {
        return Ok(None);
    };
    let workspace = workspaces::get(conn)?;
    Ok(Some(Website {
        workspace_id: workspace.id,
        form,
        settings: Arc::new(workspace.settings),
    }))
}

/// Compares in a time that does not depend on where the two differ.
fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}
