//! Sets passwords: by an invitation, by a link of an admin, or by their owner.

use crate::domain::audit::{Action, Target, Trail};
use crate::domain::event::Actor;
use crate::domain::flow::sessions::{self, Opened};
use crate::domain::flow::{chance, log_in};
use crate::domain::password::PasswordHash;
use crate::domain::secret::{Secret, SecretKind};
use crate::domain::user::{User, UserStatus};
use crate::error::{Conflict, Error, FieldError, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, login_attempts, one_time_tokens, users};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

/// Hours for which an invitation is good.
pub const INVITATION_HOURS: i64 = 72;
/// Minutes for which a link is good by which a new password can be chosen.
pub const RESET_MINUTES: i64 = 60;

/// Makes a link token for a user; an earlier one of the kind is void. It is shown this once.
pub fn make_link(
    conn: &mut TenantConnection,
    user_id: Uuid,
    kind: SecretKind,
    now: DateTime<Utc>,
) -> Result<(Secret, DateTime<Utc>)> {
    let life = match kind {
        SecretKind::Invitation => Duration::hours(INVITATION_HOURS),
        SecretKind::PasswordReset | SecretKind::Refresh => Duration::minutes(RESET_MINUTES),
    };
    let token = Secret::new(kind, conn.workspace_id(), chance::bytes()?);
    one_time_tokens::replace(conn, user_id, kind, &token.hash(), now, now + life)?;
    Ok((token, now + life))
}

/// The user of a link token that is good, of one kind.
///
/// # Errors
/// When it is unknown, used, or past its time: which of them is not said.
pub fn user_of_link(
    conn: &mut TenantConnection,
    kind: SecretKind,
    token: &Secret,
    now: DateTime<Utc>,
) -> Result<User> {
    let user_id = one_time_tokens::find(conn, kind, &token.hash(), now)?;
    let user = user_id.map(|id| users::find(conn, id)).transpose()?;
    user.flatten()
        .filter(|user| user.status != UserStatus::Disabled)
        .ok_or_else(bad_link)
}

/// What somebody is told whose link token is not good.
pub fn bad_link() -> Error {
    Error::Invalid(vec![FieldError::new(
        "/token",
        "invalid_token",
        "the link is unknown, was used, or is past its time; ask an admin for a new one",
    )])
}

/// Sets the password of the user of a link, and logs them in.
pub fn set_by_link(
    conn: &mut TenantConnection,
    kind: SecretKind,
    token: &Secret,
    hash: &PasswordHash,
    name: Option<&str>,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let found = user_of_link(conn, kind, token, now)?;
    let mut user = users::lock(conn, found.id)?;
    if user.status == UserStatus::Disabled
        || !one_time_tokens::use_up(conn, kind, &token.hash(), now)?
    {
        return Err(bad_link());
    }
    if let Some(name) = name {
        user.name = name.to_owned();
    }
    user.status = UserStatus::Active;
    let action = if kind == SecretKind::Invitation {
        Action::InvitationAccepted
    } else {
        Action::PasswordReset
    };
    let trail = Trail {
        actor: Actor::user(user.id),
        ..trail.clone()
    };
    set(conn, user, hash, action, &trail, now)
}

/// Sets the password of a user who knew the one they had, and logs them in anew.
///
/// # Errors
/// A conflict when the password has changed meanwhile.
pub fn change(
    conn: &mut TenantConnection,
    checked: &User,
    hash: &PasswordHash,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let user = users::lock(conn, checked.id)?;
    if user.status != UserStatus::Active || user.password_hash != checked.password_hash {
        return Err(Conflict::UserStatus {
            status: user.status.as_str(),
        }
        .into());
    }
    set(conn, user, hash, Action::PasswordChanged, trail, now)
}

/// Whoever knew the old password is out: all sessions end and all access tokens are void.
fn set(
    conn: &mut TenantConnection,
    mut user: User,
    hash: &PasswordHash,
    action: Action,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Opened> {
    user.password_hash = Some(hash.clone());
    user.token_epoch += 1;
    user.version += 1;
    user.updated_at = now;
    crate::store::sessions::end_all(conn, user.id, now)?;
    one_time_tokens::forget(conn, user.id, Some(SecretKind::PasswordReset))?;
    login_attempts::clear(conn, &log_in::account_hash(&user.email))?;
    let target = Target::new("user", user.id);
    audit_log::add(conn, trail, action, Some(target), json!({}), now)?;
    sessions::begin(conn, &user, now)
}
