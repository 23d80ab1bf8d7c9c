//! Logs in by mail address and password.
//!
//! In three steps, because checking a password takes tens of milliseconds in which no transaction should be open: count the
//! attempt and load the user; check the password; begin the session or note the failure. Each step is the same for an
//! address that nobody has.

use crate::domain::audit::{Action, Target, Trail};
use crate::domain::event::Actor;
use crate::domain::flow::sessions::{self, Opened};
use crate::domain::password::PasswordHash;
use crate::domain::user::{User, UserStatus};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, login_attempts, users};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Attempts for one mail address, without one that succeeds, in [`WINDOW_MINUTES`].
pub const MAX_ATTEMPTS: i64 = 10;
/// Minutes after which attempts are forgotten.
pub const WINDOW_MINUTES: i64 = 15;

/// What attempts for a mail address are counted under.
pub fn account_hash(email: &str) -> [u8; 32] {
    Sha256::digest(email.as_bytes()).into()
}

/// Counts an attempt for a mail address in normal form.
///
/// # Errors
/// [`Error::TooManyAttempts`], also for the right password: somebody is guessing.
pub fn count_attempt(conn: &mut TenantConnection, email: &str, now: DateTime<Utc>) -> Result<()> {
    let window = Duration::minutes(WINDOW_MINUTES);
    let (attempts, began_at) =
        login_attempts::count(conn, &account_hash(email), now, now - window)?;
    if attempts <= MAX_ATTEMPTS {
        return Ok(());
    }
    let left = (began_at + window - now).num_seconds().max(1);
    Err(Error::TooManyAttempts {
        retry_after_seconds: u32::try_from(left).unwrap_or(u32::MAX),
    })
}

/// Counts the attempt, and loads the user of the address whose password is to be checked; `None` when nobody could log in
/// by it, which the caller must not be told apart.
pub fn load(conn: &mut TenantConnection, email: &str, now: DateTime<Utc>) -> Result<Option<User>> {
    count_attempt(conn, email, now)?;
    // No address has a NUL, and the database takes none.
    if email.contains('\0') {
        return Ok(None);
    }
    let user = users::find_by_email(conn, email)?;
    Ok(user.filter(|user| user.status == UserStatus::Active && user.password_hash.is_some()))
}

/// Begins the session of a user whose password was right. `stronger` is its hash with today's parameters, when the one
/// there is has weaker ones.
///
/// # Errors
/// [`Error::LoginFailed`] when the user changed meanwhile.
pub fn succeed(
    conn: &mut TenantConnection,
    checked: &User,
    stronger: Option<&PasswordHash>,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Opened> {
    let mut user = users::lock(conn, checked.id)?;
    let unchanged = user.status == UserStatus::Active
        && user.password_hash == checked.password_hash
        && user.email == checked.email;
    if !unchanged {
        return Err(Error::LoginFailed);
    }
    if let Some(stronger) = stronger {
        user.password_hash = Some(stronger.clone());
    }
    login_attempts::clear(conn, &account_hash(&user.email))?;
    let opened = sessions::begin(conn, &user, now)?;
    let trail = Trail {
        actor: Actor::user(user.id),
        ..trail.clone()
    };
    let target = Target::new("session", opened.session_id);
    audit_log::add(
        conn,
        &trail,
        Action::LoginSucceeded,
        Some(target),
        json!({}),
        now,
    )?;
    Ok(opened)
}

/// Notes that somebody could not log in; as whom, when there is such a user.
pub fn fail(
    conn: &mut TenantConnection,
    user: Option<Uuid>,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let target = user.map(|id| Target::new("user", id));
    audit_log::add(conn, trail, Action::LoginFailed, target, json!({}), now)
}
