//! Says who holds a key, and what they may do.

use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Actor;
use crate::domain::flow::rules;
use crate::domain::form::Form;
use crate::domain::key::{ApiKey, PublishableKey};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{api_keys, forms};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Who is calling: a program with an API key, or a person who is logged in.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The workspace that is open to them.
    pub workspace_id: Uuid,
    /// The key, or the user.
    pub id: Uuid,
    /// As what they are named in events.
    pub actor: Actor,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Which leads they may know of.
    pub visible: Visibility,
    /// Their own rate limit.
    pub requests_per_minute: Option<u32>,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
}

/// Who holds this key; `None` when it is unknown, revoked or past its time, which the caller must not be told apart.
pub fn by_api_key(
    conn: &mut TenantConnection,
    key: &ApiKey,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let Some(record) = api_keys::find(conn, key.id)? else {
        return Ok(None);
    };
    let ended = record.revoked_at.is_some() || record.expires_at.is_some_and(|end| end <= now);
    if ended || !same_bytes(&record.secret_hash, &key.secret_hash()) {
        return Ok(None);
    }
    api_keys::mark_used(conn, &record, now)?;
    Ok(Some(Principal {
        workspace_id: conn.workspace_id(),
        id: record.id,
        actor: Actor::api_key(record.id),
        visible: Visibility::All,
        scopes: record.scopes,
        requests_per_minute: record
            .requests_per_minute
            .and_then(|limit| limit.try_into().ok()),
        rules: Arc::new(rules::load(conn)?),
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
    pub rules: Arc<Rules>,
}

/// The form behind a publishable key; `None` when the key is unknown or revoked.
pub fn by_publishable_key(
    conn: &mut TenantConnection,
    key: PublishableKey,
) -> Result<Option<Website>> {
    let Some(form) = forms::find_by_key(conn, key.id)? else {
        return Ok(None);
    };
    Ok(Some(Website {
        workspace_id: conn.workspace_id(),
        form,
        rules: Arc::new(rules::load(conn)?),
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
