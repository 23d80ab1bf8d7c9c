//! What somebody may do now who asked for something earlier: a job goes on only while they still may.

use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Actor;
use crate::domain::flow::{authenticate, rules};
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{api_keys, users};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What somebody may do.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Which leads they may know of.
    pub visible: Visibility,
    /// The workspace's rules.
    pub rules: Arc<Rules>,
}

/// What an actor may do at `now`; `None` when they may do nothing any more: a key that was revoked or has expired, a user
/// who was disabled, or somebody unknown.
pub fn of(
    conn: &mut TenantConnection,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Option<Standing>> {
    let rules = Arc::new(rules::load(conn)?);
    let everywhere = |scopes| {
        Some(Standing {
            scopes,
            visible: Visibility::All,
            rules: rules.clone(),
        })
    };
    match (actor.kind.as_str(), actor.id) {
        ("system", _) => Ok(everywhere(Scope::ALL.to_vec())),
        ("api_key", Some(id)) => {
            let key = api_keys::find(conn, id)?;
            let good = key.filter(|key| {
                key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now)
            });
            Ok(good.and_then(|key| everywhere(key.scopes)))
        }
        ("user", Some(id)) => {
            let Some(user) = users::find(conn, id)? else {
                return Ok(None);
            };
            let person = authenticate::person(conn, user, None, rules)?;
            Ok(person.map(|person| Standing {
                scopes: person.scopes,
                visible: person.visible,
                rules: person.rules,
            }))
        }
        _ => Ok(None),
    }
}
