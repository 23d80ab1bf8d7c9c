//! Makes and revokes API keys on somebody's behalf.

use crate::domain::access::Scope;
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::setup::{self, NewKey};
use crate::domain::key::ApiKey;
use crate::error::{Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{api_keys, audit_log};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Makes a key, which is shown this once.
///
/// # Errors
/// When it may do something that the caller, who has the scopes `own`, may not: nobody hands out more than they have.
pub fn create(
    conn: &mut TenantConnection,
    new: &NewKey,
    own: &[Scope],
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<ApiKey> {
    let beyond = |(at, scope): (usize, &Scope)| {
        (!own.contains(scope)).then(|| {
            FieldError::new(
                format!("/scopes/{at}"),
                "beyond_own_rights",
                "a scope that you do not have yourself",
            )
        })
    };
    let errors: Vec<FieldError> = new.scopes.iter().enumerate().filter_map(beyond).collect();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let key = setup::create_key(conn, new, now)?;
    note_created(conn, key.id, &new.scopes, trail, now)?;
    Ok(key)
}

/// Notes that a key was made.
pub fn note_created(
    conn: &mut TenantConnection,
    id: Uuid,
    scopes: &[Scope],
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let target = Target::new("api_key", id);
    let details = json!({ "scopes": scopes });
    audit_log::add(
        conn,
        trail,
        Action::ApiKeyCreated,
        Some(target),
        details,
        now,
    )
}

/// Revokes a key; one that was revoked before stays as it is.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub fn revoke(
    conn: &mut TenantConnection,
    id: Uuid,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    if api_keys::find(conn, id)?.is_none() {
        return Err(Error::not_found("API key", id));
    }
    if api_keys::revoke(conn, id, now)? {
        let target = Target::new("api_key", id);
        audit_log::add(
            conn,
            trail,
            Action::ApiKeyRevoked,
            Some(target),
            json!({}),
            now,
        )?;
    }
    Ok(())
}
