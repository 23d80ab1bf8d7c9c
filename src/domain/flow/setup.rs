//! Makes workspaces, keys and forms, for the operator's commands.

use crate::domain::access::Scope;
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::api_keys::note_created;
use crate::domain::form::Form;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::key::{ApiKey, PublishableKey};
use crate::domain::workspace::WorkspaceSettings;
use crate::error::{Error, Result};
use crate::store::api_keys::ApiKeyRecord;
use crate::store::pool::{Db, TenantConnection};
use crate::store::{api_keys, audit_log, forms, workspaces};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// Makes a workspace with an admin key, which is shown this once.
pub fn create_workspace(db: &Db, name: &str, now: DateTime<Utc>) -> Result<(Uuid, ApiKey)> {
    let id = ProcessIds.next(now);
    db.in_workspace(id, |conn| {
        workspaces::insert(conn, name, &WorkspaceSettings::default(), now)?;
        let trail = Trail::operator();
        let target = Target::new("workspace", id);
        let made = Action::WorkspaceCreated;
        audit_log::add(conn, &trail, made, Some(target), json!({}), now)?;
        let key = NewKey {
            name: "admin".into(),
            scopes: Scope::ALL.to_vec(),
            ..NewKey::default()
        };
        let made = create_key(conn, &key, now)?;
        note_created(conn, made.id, &key.scopes, &trail, now)?;
        Ok((id, made))
    })
}

/// An API key to be made.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// For people: what it is used for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its own rate limit.
    pub requests_per_minute: Option<u32>,
}

/// Makes an API key of the workspace, which is shown this once.
pub fn create_key(conn: &mut TenantConnection, new: &NewKey, now: DateTime<Utc>) -> Result<ApiKey> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(Error::internal)?;
    let key = ApiKey::new(
        conn.workspace_id(),
        ProcessIds.next(now),
        u128::from_be_bytes(secret),
    );
    let record = ApiKeyRecord {
        id: key.id,
        name: new.name.clone(),
        secret_hash: key.secret_hash().to_vec(),
        scopes: new.scopes.clone(),
        requests_per_minute: new
            .requests_per_minute
            .map(i32::try_from)
            .transpose()
            .map_err(Error::internal)?,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    workspaces::get(conn)?;
    api_keys::insert(conn, &record)?;
    Ok(key)
}

/// Makes a form with a publishable key.
pub fn create_form(
    conn: &mut TenantConnection,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<PublishableKey> {
    workspaces::get(conn)?;
    let key = PublishableKey {
        workspace_id: conn.workspace_id(),
        id: ProcessIds.next(now),
    };
    forms::insert(conn, form)?;
    forms::insert_key(conn, key.id, form.id, now)?;
    Ok(key)
}
