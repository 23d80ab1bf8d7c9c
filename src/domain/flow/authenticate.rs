//! Says who holds a key or a token, and what they may do.

use crate::domain::access::{Scope, Visibility};
use crate::domain::event::Actor;
use crate::domain::flow::rules;
use crate::domain::form::Form;
use crate::domain::key::{ApiKey, PublishableKey};
use crate::domain::rules::Rules;
use crate::domain::user::{self, TeamName, User, UserStatus};
use crate::domain::workspace::RepVisibility;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{api_keys, forms, sessions, teams, users};
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
    /// What else is known of a person; `None` for a program.
    pub person: Option<Person>,
}

/// What is known of a person who is calling.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who they are.
    pub user: User,
    /// The teams they are in.
    pub teams: Vec<TeamName>,
    /// The session they call in; `None` when they come from an identity provider.
    pub session_id: Option<Uuid>,
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
        person: None,
    }))
}

/// Who calls in this session; `None` when it is over, or the user may not come in any more.
pub fn by_session(
    conn: &mut TenantConnection,
    user_id: Uuid,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let session = sessions::find(conn, session_id)?;
    let goes_on =
        session.is_some_and(|session| session.user_id == user_id && !session.is_over(now));
    if !goes_on {
        return Ok(None);
    }
    let Some(user) = users::find(conn, user_id)? else {
        return Ok(None);
    };
    let rules = Arc::new(rules::load(conn)?);
    person(conn, user, Some(session_id), rules)
}

/// A user as a caller; `None` when they may not come in.
pub fn person(
    conn: &mut TenantConnection,
    user: User,
    session_id: Option<Uuid>,
    rules: Arc<Rules>,
) -> Result<Option<Principal>> {
    if user.status != UserStatus::Active {
        return Ok(None);
    }
    let teams = teams::of_users(conn, &[user.id])?
        .remove(&user.id)
        .unwrap_or_default();
    let team_ids: Vec<Uuid> = teams.iter().map(|team| team.id).collect();
    let mates = if rules.rep_visibility == RepVisibility::Team {
        let members = teams::members(conn, &team_ids)?;
        let mut mates: Vec<Uuid> = members.into_values().flatten().collect();
        mates.sort_unstable();
        mates.dedup();
        mates
    } else {
        Vec::new()
    };
    Ok(Some(Principal {
        workspace_id: conn.workspace_id(),
        id: user.id,
        actor: Actor::user(user.id),
        scopes: user.role.scopes().to_vec(),
        visible: user::visibility(user.id, user.role, rules.rep_visibility, &team_ids, mates),
        requests_per_minute: None,
        rules,
        person: Some(Person {
            user,
            teams,
            session_id,
        }),
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
