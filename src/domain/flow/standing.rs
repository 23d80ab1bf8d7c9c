//! What somebody may do now who asked for something earlier: a job goes on only while they still may.

use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Actor;
use crate::error::Result;
use crate::store::api_keys;
use crate::store::pool::TenantConnection;
use chrono::{DateTime, Utc};

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Which leads they may know of.
    pub visible: Visibility,
}

/// What an actor may do at `now`; `None` when they may do nothing any more: a key that was revoked or has expired, or
/// somebody unknown.
pub fn of(
    conn: &mut TenantConnection,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<Standing>> {
    let all = |scopes| Standing {
        scopes,
        visible: Visibility::All,
    };
    match (actor.kind.as_str(), actor.id) {
        ("system", _) => Ok(Some(all(Scope::ALL.to_vec()))),
        ("api_key", Some(id)) => {
            let key = api_keys::find(conn, id)?;
            let good = key.filter(|key| {
                key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now)
            });
            Ok(good.map(|key| all(key.scopes)))
        }
        _ => Ok(None),
    }
}
