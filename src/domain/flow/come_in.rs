//! Lets in people who come from the workspace's identity provider.
//!
//! The provider says who they are; what they may do, the workspace's mapping says. A user is known again by issuer and
//! subject, which never change. Somebody who comes for the first time becomes the user who has their mail address only
//! where the provider stands for it (`email_verified`), and a new user where the workspace wants that.

use crate::domain::access::Role;
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::event::Actor;
use crate::domain::flow::authenticate::{self, Principal};
use crate::domain::flow::rules;
use crate::domain::flow::users::{NewUser, fresh};
use crate::domain::identity_provider::{ExternalPerson, IdentityProvider};
use crate::domain::user::{ExternalIdentity, User, UserStatus};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, sessions, teams, users, workspaces};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// The provider whose tokens the workspace accepts, if there is such a workspace and it names one.
pub fn provider(conn: &mut TenantConnection) -> Result<Option<IdentityProvider>> {
    let workspace = workspaces::find(conn)?;
    Ok(workspace.and_then(|workspace| workspace.settings.identity_provider))
}

/// Who comes with this token; `None` when they may not come in.
///
/// Their role and teams follow what the provider says, where the workspace has a mapping for that. The last admin stays
/// one, whatever the provider says: somebody has to be able to mend the mapping.
pub fn come_in(
    conn: &mut TenantConnection,
    provider: &IdentityProvider,
    person: &ExternalPerson,
    now: DateTime<Utc>,
) -> Result<Option<Principal>> {
    let says_role = provider.claims.role.is_some();
    if says_role && person.role.is_none() {
        return Ok(None);
    }
    let Some(user) = find_or_make(conn, provider, person, now)? else {
        return Ok(None);
    };
    if user.status != UserStatus::Active {
        return Ok(None);
    }
    let user = match person.role.filter(|role| says_role && *role != user.role) {
        Some(role) => give_role(conn, user.id, role, now)?,
        None => user,
    };
    if let Some(names) = &person.teams {
        follow_teams(conn, user.id, names, now)?;
    }
    let rules = Arc::new(rules::load(conn)?);
    authenticate::person(conn, user, None, rules)
}

fn find_or_make(
    conn: &mut TenantConnection,
    provider: &IdentityProvider,
    person: &ExternalPerson,
    now: DateTime<Utc>,
) -> Result<Option<User>> {
    let external = ExternalIdentity {
        issuer: provider.issuer.clone(),
        subject: person.subject.clone(),
    };
    if let Some(known) = users::find_by_external(conn, &external)? {
        return Ok(Some(known));
    }
    let Some(email) = &person.email else {
        return Ok(None);
    };
    if let Some(known) = users::find_by_email(conn, email)? {
        return if person.email_is_verified {
            link(conn, known.id, external, now)
        } else {
            Ok(None)
        };
    }
    let role = person.role.or(provider.default_role);
    let Some(role) = role.filter(|_| provider.provision) else {
        return Ok(None);
    };
    let new = NewUser {
        email: email.clone(),
        name: person.name.clone().unwrap_or_else(|| email.clone()),
        role,
        team_ids: Vec::new(),
        timezone: None,
    };
    let user = User {
        external: Some(external),
        ..fresh(&new, UserStatus::Active, now)
    };
    users::insert(conn, &user)?;
    let details = json!({"role": role, "issuer": provider.issuer});
    audit(conn, user.id, Action::UserProvisioned, details, now)?;
    Ok(Some(user))
}

/// A user who was there before is known by their identity at the provider from now on; one who was invited need not
/// choose a password any more.
fn link(
    conn: &mut TenantConnection,
    id: Uuid,
    external: ExternalIdentity,
    now: DateTime<Utc>,
) -> Result<Option<User>> {
    let mut user = users::lock(conn, id)?;
    if user.external.as_ref() == Some(&external) {
        // They came twice at once for the first time.
        return Ok(Some(user));
    }
    if user.status == UserStatus::Disabled || user.external.is_some() {
        return Ok(None);
    }
    user.status = UserStatus::Active;
    let details = json!({"issuer": external.issuer, "linked": true});
    user.external = Some(external);
    user.version += 1;
    user.updated_at = now;
    users::update(conn, &user)?;
    audit(conn, id, Action::UserProvisioned, details, now)?;
    Ok(Some(user))
}

fn give_role(
    conn: &mut TenantConnection,
    id: Uuid,
    role: Role,
    now: DateTime<Utc>,
) -> Result<User> {
    let admins = users::lock_active_admins(conn)?;
    let mut user = users::lock(conn, id)?;
    if user.role == role || (user.role == Role::Admin && admins == [id]) {
        return Ok(user);
    }
    let details = json!({"role": {"old": user.role, "new": role}, "by": "identity_provider"});
    user.role = role;
    user.token_epoch += 1;
    user.version += 1;
    user.updated_at = now;
    users::update(conn, &user)?;
    sessions::end_all(conn, id, now)?;
    audit(conn, id, Action::UserChanged, details, now)?;
    Ok(user)
}

/// Teams of the workspace that have these names; a name that no team has is passed over.
fn follow_teams(
    conn: &mut TenantConnection,
    id: Uuid,
    names: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut wanted = teams::list_by_names(conn, names)?;
    wanted.sort_unstable();
    let of_users = teams::of_users(conn, &[id])?;
    let mut held: Vec<Uuid> = of_users
        .into_values()
        .flatten()
        .map(|team| team.id)
        .collect();
    held.sort_unstable();
    if wanted == held {
        return Ok(());
    }
    teams::set_teams(conn, id, &wanted)?;
    let details = json!({"team_ids": wanted, "by": "identity_provider"});
    audit(conn, id, Action::UserChanged, details, now)
}

fn audit(
    conn: &mut TenantConnection,
    id: Uuid,
    action: Action,
    details: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let trail = Trail {
        actor: Actor::user(id),
        request_id: None,
        client_address: None,
    };
    audit_log::add(
        conn,
        &trail,
        action,
        Some(Target::new("user", id)),
        details,
        now,
    )
}
