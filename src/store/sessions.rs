//! Sessions.

use crate::domain::session::Session;
use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::sessions;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use uuid::Uuid;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    created_at: DateTime<Utc>,
    used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Session {
            id: row.id,
            user_id: row.user_id,
            created_at: row.created_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
        }
    }
}

/// Adds a session.
pub fn insert(conn: &mut TenantConnection, session: &Session) -> Result<()> {
    let row = SessionRow {
        id: session.id,
        user_id: session.user_id,
        created_at: session.created_at,
        used_at: session.used_at,
        expires_at: session.expires_at,
        ended_at: session.ended_at,
    };
    diesel::insert_into(sessions::table)
        .values((sessions::workspace_id.eq(conn.workspace_id()), row))
        .execute(conn.pg())?;
    Ok(())
}

/// A session by its id.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<Session>> {
    let row: Option<SessionRow> = sessions::table
        .filter(sessions::workspace_id.eq(conn.workspace_id()))
        .filter(sessions::id.eq(id))
        .select(SessionRow::as_select())
        .first(conn.pg())
        .optional()?;
    Ok(row.map(Session::from))
}

/// As [`find`], locked until the end of the transaction.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<Option<Session>> {
    let row: Option<SessionRow> = sessions::table
        .filter(sessions::workspace_id.eq(conn.workspace_id()))
        .filter(sessions::id.eq(id))
        .select(SessionRow::as_select())
        .for_update()
        .first(conn.pg())
        .optional()?;
    Ok(row.map(Session::from))
}

/// Notes that a session was refreshed.
pub fn mark_used(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    diesel::update(sessions::table)
        .filter(sessions::workspace_id.eq(conn.workspace_id()))
        .filter(sessions::id.eq(id))
        .set(sessions::used_at.eq(now))
        .execute(conn.pg())?;
    Ok(())
}

/// Ends a session; `false` when it was over.
pub fn end(conn: &mut TenantConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let ended = diesel::update(sessions::table)
        .filter(sessions::workspace_id.eq(conn.workspace_id()))
        .filter(sessions::id.eq(id))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(now))
        .execute(conn.pg())?;
    Ok(ended == 1)
}

/// Ends all sessions of a user; the answer is how many.
pub fn end_all(conn: &mut TenantConnection, user_id: Uuid, now: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::update(sessions::table)
        .filter(sessions::workspace_id.eq(conn.workspace_id()))
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::ended_at.is_null())
        .set(sessions::ended_at.eq(now))
        .execute(conn.pg())?)
}

/// Forgets up to `limit` sessions that are past their time, with their refresh tokens; the answer is how many. Asks as the
/// owner of the tables, for all workspaces.
pub fn forget_expired(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    db.owner()?.transaction(|connection| {
        diesel::sql_query(
            "DELETE FROM refresh_tokens r USING \
             (SELECT workspace_id, id FROM sessions WHERE expires_at < $1 ORDER BY workspace_id, id LIMIT $2) old \
             WHERE r.workspace_id = old.workspace_id AND r.session_id = old.id",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .execute(connection)?;
        Ok(diesel::sql_query(
            "DELETE FROM sessions s USING \
             (SELECT workspace_id, id FROM sessions WHERE expires_at < $1 ORDER BY workspace_id, id LIMIT $2) old \
             WHERE s.workspace_id = old.workspace_id AND s.id = old.id",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .execute(connection)?)
    })
}
