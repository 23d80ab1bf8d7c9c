//! Invites, changes and disables users.

use crate::domain::access::{Role, Scope};
use crate::domain::audit::{Action, Target, Trail};
use crate::domain::flow::{passwords, recompute_clocks};
use crate::domain::ids::{Ids, ProcessIds, time_of};
use crate::domain::secret::{Secret, SecretKind};
use crate::domain::user::{User, UserStatus, may_handle};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, one_time_tokens, sessions, teams, users};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Somebody who is to become a user.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Mail address in normal form.
    pub email: String,
    /// For people.
    pub name: String,
    /// What they will be.
    pub role: Role,
    /// The teams they will be in.
    pub team_ids: Vec<Uuid>,
    /// IANA name of the zone in which they work.
    pub timezone: Option<String>,
}

/// On whose behalf users are changed.
#[derive(Debug, Clone)]
pub struct By {
    /// What they may do: nobody hands out more than they have themselves.
    pub scopes: Vec<Scope>,
    /// Who they are.
    pub trail: Trail,
    /// When.
    pub now: DateTime<Utc>,
}

/// Makes a user who has yet to choose a password, and the token of the link by which they do; it is shown this once.
///
/// # Errors
/// A conflict when another user has the mail address.
pub fn invite(
    conn: &mut TenantConnection,
    new: &NewUser,
    by: &By,
) -> Result<(User, Secret, DateTime<Utc>)> {
    check_role(&by.scopes, new.role)?;
    check_teams(conn, &new.team_ids)?;
    let user = fresh(new, UserStatus::Invited, by.now);
    users::insert(conn, &user)?;
    teams::set_teams(conn, user.id, &new.team_ids)?;
    let (token, expires_at) = passwords::make_link(conn, user.id, SecretKind::Invitation, by.now)?;
    let target = Target::new("user", user.id);
    let details = json!({"role": user.role, "team_ids": new.team_ids});
    audit_log::add(
        conn,
        &by.trail,
        Action::UserInvited,
        Some(target),
        details,
        by.now,
    )?;
    Ok((user, token, expires_at))
}

/// A user as they begin.
pub fn fresh(new: &NewUser, status: UserStatus, now: DateTime<Utc>) -> User {
    let id = ProcessIds.next(now);
    User {
        id,
        email: new.email.clone(),
        name: new.name.clone(),
        role: new.role,
        status,
        password_hash: None,
        external: None,
        token_epoch: 1,
        version: 1,
        created_at: time_of(id),
        updated_at: time_of(id),
        last_login_at: None,
        timezone: new.timezone.clone(),
    }
}

/// What is to change. What is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserPatch {
    /// Mail address in normal form.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Whether they may come in.
    pub enabled: Option<bool>,
    /// All their teams.
    pub team_ids: Option<Vec<Uuid>>,
    /// IANA name of the zone in which they work; `Some(None)`: it is not known.
    pub timezone: Option<Option<String>>,
}

/// Changes a user. Another role, and being disabled, ends their sessions.
///
/// # Errors
/// A conflict when they are the last admin and would be none any more, or when another user has the mail address.
pub fn change(
    conn: &mut TenantConnection,
    id: Uuid,
    patch: &UserPatch,
    expected: Option<i64>,
    by: &By,
) -> Result<User> {
    // Admins are locked first, and all of them, always: whoever changes users waits for others who do.
    let admins = users::lock_active_admins(conn)?;
    let before = users::lock(conn, id)?;
    check_version(&before, expected)?;
    check_reach(&by.scopes, &before)?;
    let mut after = patched(&before, patch)?;
    if after.role != before.role {
        check_role(&by.scopes, after.role)?;
    }
    let is_admin = |user: &User| user.role == Role::Admin && user.status == UserStatus::Active;
    if is_admin(&before) && !is_admin(&after) && admins == [id] {
        return Err(Conflict::LastAdmin.into());
    }
    let teams_before: Vec<Uuid> = teams_of(conn, id)?;
    let new_teams = patch.team_ids.clone().map(sorted);
    let new_teams = new_teams.filter(|wanted| *wanted != teams_before);
    let changed = differences(&before, &after, new_teams.as_deref());
    if changed.is_empty() {
        return Ok(before);
    }
    if let Some(team_ids) = &new_teams {
        check_teams(conn, team_ids)?;
        teams::set_teams(conn, id, team_ids)?;
    }
    let was_disabled = before.status != after.status && after.status == UserStatus::Disabled;
    if was_disabled || after.role != before.role {
        after.token_epoch += 1;
        sessions::end_all(conn, id, by.now)?;
    }
    if was_disabled || after.email != before.email {
        one_time_tokens::forget(conn, id, None)?;
    }
    after.version += 1;
    after.updated_at = by.now;
    users::update(conn, &after)?;
    if after.timezone != before.timezone {
        recompute_clocks::follow_zone(conn, id, by.now)?;
    }
    let action = match (was_disabled, before.status) {
        (true, _) => Action::UserDisabled,
        (false, UserStatus::Disabled) if after.status != before.status => Action::UserEnabled,
        (false, _) => Action::UserChanged,
    };
    let target = Target::new("user", id);
    audit_log::add(
        conn,
        &by.trail,
        action,
        Some(target),
        changed.into(),
        by.now,
    )?;
    Ok(after)
}

fn patched(before: &User, patch: &UserPatch) -> Result<User> {
    let mut after = before.clone();
    if let Some(email) = &patch.email {
        after.email.clone_from(email);
    }
    if let Some(name) = &patch.name {
        after.name.clone_from(name);
    }
    if let Some(role) = patch.role {
        after.role = role;
    }
    if let Some(timezone) = &patch.timezone {
        after.timezone.clone_from(timezone);
    }
    match (patch.enabled, before.status) {
        (Some(false), _) => after.status = UserStatus::Disabled,
        (Some(true), UserStatus::Disabled) => {
            let came_in_before = before.password_hash.is_some() || before.external.is_some();
            after.status = if came_in_before {
                UserStatus::Active
            } else {
                UserStatus::Invited
            };
        }
        (Some(true), UserStatus::Invited) => {
            return Err(Conflict::UserStatus { status: "invited" }.into());
        }
        _ => {}
    }
    Ok(after)
}

/// What the audit log says of a change: names of what changed; of role and status, which are no personal data, the values.
fn differences(before: &User, after: &User, team_ids: Option<&[Uuid]>) -> Map<String, Value> {
    let mut changed = Map::new();
    if before.email != after.email {
        changed.insert("email".into(), json!("changed"));
    }
    if before.name != after.name {
        changed.insert("name".into(), json!("changed"));
    }
    if before.role != after.role {
        changed.insert(
            "role".into(),
            json!({"old": before.role, "new": after.role}),
        );
    }
    if before.status != after.status {
        let status = json!({"old": before.status, "new": after.status});
        changed.insert("status".into(), status);
    }
    if let Some(team_ids) = team_ids {
        changed.insert("team_ids".into(), json!(team_ids));
    }
    if before.timezone != after.timezone {
        changed.insert("timezone".into(), json!("changed"));
    }
    changed
}

/// Makes a link by which a user can choose a password: an invitation for who has none yet, a reset for who has.
///
/// # Errors
/// A conflict when the user is disabled.
pub fn make_password_link(
    conn: &mut TenantConnection,
    id: Uuid,
    by: &By,
) -> Result<(User, Secret, DateTime<Utc>)> {
    let user = users::lock(conn, id)?;
    check_reach(&by.scopes, &user)?;
    let kind = match user.status {
        UserStatus::Invited => SecretKind::Invitation,
        UserStatus::Active => SecretKind::PasswordReset,
        UserStatus::Disabled => return Err(Conflict::UserStatus { status: "disabled" }.into()),
    };
    let (token, expires_at) = passwords::make_link(conn, id, kind, by.now)?;
    let action = match kind {
        SecretKind::Invitation => Action::UserInvited,
        _ => Action::PasswordResetRequested,
    };
    let target = Target::new("user", id);
    audit_log::add(conn, &by.trail, action, Some(target), json!({}), by.now)?;
    Ok((user, token, expires_at))
}

/// Refuses to touch a user who may do more than the caller.
pub fn check_may_change(conn: &mut TenantConnection, id: Uuid, by: &By) -> Result<()> {
    check_reach(&by.scopes, &users::get(conn, id)?)
}

fn check_version(user: &User, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(version) if version != user.version => Err(Error::VersionMismatch {
            what: "user",
            expected: version.to_string(),
            current: user.version,
        }),
        _ => Ok(()),
    }
}

/// Refuses a role that goes beyond what the caller may do.
pub fn check_role(scopes: &[Scope], role: Role) -> Result<()> {
    if may_handle(scopes, role) {
        return Ok(());
    }
    Err(Error::Invalid(vec![FieldError::new(
        "/role",
        "beyond_own_rights",
        "a role that may do more than you may: an admin can give it",
    )]))
}

fn check_reach(scopes: &[Scope], user: &User) -> Result<()> {
    if may_handle(scopes, user.role) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "This user may do more than you may; an admin can change them.",
    ))
}

fn check_teams(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<()> {
    let known = teams::known(conn, ids)?;
    let unknown = |(at, id): (usize, &Uuid)| {
        (!known.contains(id)).then(|| {
            FieldError::new(
                format!("/team_ids/{at}"),
                "unknown_team",
                "the workspace has no such team",
            )
        })
    };
    let errors: Vec<FieldError> = ids.iter().enumerate().filter_map(unknown).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

fn teams_of(conn: &mut TenantConnection, id: Uuid) -> Result<Vec<Uuid>> {
    let of_users = teams::of_users(conn, &[id])?;
    Ok(of_users
        .into_values()
        .flatten()
        .map(|team| team.id)
        .collect())
}

fn sorted(mut ids: Vec<Uuid>) -> Vec<Uuid> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
