//! Begins, refreshes and ends sessions.

use crate::domain::audit::{Action, Target, Trail};
use crate::domain::event::Actor;
use crate::domain::flow::chance;
use crate::domain::ids::{Ids, ProcessIds};
use crate::domain::secret::{Secret, SecretKind};
use crate::domain::session::{self, Refresh, Session, Spent};
use crate::domain::user::{User, UserStatus};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::{audit_log, refresh_tokens, sessions, users};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// A session that a user has, with the refresh token they are handed.
#[derive(Clone)]
pub struct Opened {
    /// Whose.
    pub user: User,
    /// The session.
    pub session_id: Uuid,
    /// Gets the next access token.
    pub refresh: Secret,
}

/// Begins a session of a user who has shown who they are.
pub fn begin(conn: &mut TenantConnection, user: &User, now: DateTime<Utc>) -> Result<Opened> {
    let session = Session::begin(ProcessIds.next(now), user.id, now);
    let refresh = Secret::new(SecretKind::Refresh, conn.workspace_id(), chance::bytes()?);
    sessions::insert(conn, &session)?;
    refresh_tokens::insert(conn, session.id, &refresh.hash(), now)?;
    let user = User {
        last_login_at: Some(now),
        ..user.clone()
    };
    users::update(conn, &user)?;
    Ok(Opened {
        user,
        session_id: session.id,
        refresh,
    })
}

/// Spends a refresh token and hands out its successor; `None` when it is none, its session is over, or it was spent too long
/// ago, which ends the session.
pub fn refresh(
    conn: &mut TenantConnection,
    token: &Secret,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<Option<Opened>> {
    let Some((session_id, spent)) = refresh_tokens::lock(conn, &token.hash())? else {
        return Ok(None);
    };
    let Some(session) = sessions::lock(conn, session_id)? else {
        return Ok(None);
    };
    let user = users::get(conn, session.user_id)?;
    if user.status != UserStatus::Active {
        return Ok(None);
    }
    let successor = match session::refresh(&session, spent, now) {
        Refresh::Rotate => {
            let salt = chance::bytes()?;
            let successor = token.successor(&salt);
            refresh_tokens::spend(conn, &token.hash(), &Spent { at: now, salt })?;
            refresh_tokens::insert(conn, session_id, &successor.hash(), now)?;
            sessions::mark_used(conn, session_id, now)?;
            successor
        }
        Refresh::Repeat(salt) => token.successor(&salt),
        Refresh::Reused => {
            sessions::end(conn, session_id, now)?;
            let target = Target::new("session", session_id);
            let details = json!({ "user_id": user.id });
            audit_log::add(
                conn,
                trail,
                Action::RefreshReused,
                Some(target),
                details,
                now,
            )?;
            return Ok(None);
        }
        Refresh::Over => return Ok(None),
    };
    Ok(Some(Opened {
        user,
        session_id,
        refresh: successor,
    }))
}

/// Ends a session. One that is over stays as it is.
pub fn end(
    conn: &mut TenantConnection,
    session_id: Uuid,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    if sessions::end(conn, session_id, now)? {
        let target = Target::new("session", session_id);
        audit_log::add(
            conn,
            trail,
            Action::SessionEnded,
            Some(target),
            json!({}),
            now,
        )?;
    }
    Ok(())
}

/// Ends the session of a refresh token, spent or not: whoever has one may end what it belongs to.
pub fn end_by_token(
    conn: &mut TenantConnection,
    token: &Secret,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(session_id) = refresh_tokens::session_of(conn, &token.hash())? else {
        return Ok(());
    };
    let Some(session) = sessions::find(conn, session_id)? else {
        return Ok(());
    };
    let trail = Trail {
        actor: Actor::user(session.user_id),
        ..trail.clone()
    };
    end(conn, session_id, &trail, now)
}

/// Ends all sessions of a user, and makes every access token they have void.
pub fn end_all(
    conn: &mut TenantConnection,
    user_id: Uuid,
    trail: &Trail,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut user = users::lock(conn, user_id)?;
    let ended = sessions::end_all(conn, user_id, now)?;
    user.token_epoch += 1;
    users::update(conn, &user)?;
    let target = Target::new("user", user_id);
    let details = json!({ "sessions": ended });
    audit_log::add(
        conn,
        trail,
        Action::SessionsEnded,
        Some(target),
        details,
        now,
    )
}
