//! Makes workspaces on behalf of the service's operator.

use crate::domain::access::Role;
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::api_keys;
use crate::domain::flow::setup::{self, NewKey};
use crate::domain::flow::users::{self, By, NewUser};
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::key::ApiKey;
use crate::domain::secret::Secret;
use crate::domain::user::User;
use crate::domain::workspace::WorkspaceSettings;
use crate::error::Result;
use crate::store::audit_log;
use crate::store::pool::TenantConnection;
use crate::store::workspaces::{self, Workspace};
use chrono::{DateTime, Utc};
use serde_json::json;

/// A workspace to be made, and who will administer it.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// Its name.
    pub name: String,
    /// The mail address of its first admin, in normal form.
    pub admin_email: String,
    /// The name of its first admin.
    pub admin_name: String,
}

/// A workspace that was made. Both secrets are shown this once.
pub struct Founded {
    /// The workspace.
    pub workspace: Workspace,
    /// Its first admin, invited.
    pub admin: User,
    /// The token of the admin's link.
    pub link: Secret,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// A key that may do everything in the workspace, and make no other ones.
    pub key: ApiKey,
}

/// Makes a workspace with its first admin and a key, within a transaction of the operator's own workspace: both count
/// together.
pub fn found(
    conn: &mut TenantConnection,
    new: &NewWorkspace,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Founded> {
    let id = ProcessIds.next(now);
    let founded = conn.in_new_workspace(id, |conn| {
        workspaces::insert(conn, &new.name, &WorkspaceSettings::default(), now)?;
        note(conn, id, trail, now)?;
        let admin = NewUser {
            email: new.admin_email.clone(),
            name: new.admin_name.clone(),
            role: Role::Admin,
            team_ids: Vec::new(),
            timezone: None,
        };
        let by = By {
            scopes: Role::Admin.scopes().to_vec(),
            trail: trail.clone(),
            now,
        };
        let (admin, link, expires_at) = users::invite(conn, &admin, &by)?;
        let key = NewKey {
            name: "admin".to_owned(),
            scopes: Role::Admin.scopes().to_vec(),
            ..NewKey::default()
        };
        let made = setup::create_key(conn, &key, now)?;
        api_keys::note_created(conn, made.id, &key.scopes, trail, now)?;
        Ok(Founded {
            workspace: workspaces::get(conn)?,
            admin,
            link,
            expires_at,
            key: made,
        })
    })?;
    note(conn, id, trail, now)?;
    Ok(founded)
}

fn note(
    conn: &mut TenantConnection,
    id: uuid::Uuid,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let target = Target::new("workspace", id);
    audit_log::add(
        conn,
        trail,
        Action::WorkspaceCreated,
        Some(target),
        json!({}),
        now,
    )
}
