//! Refresh tokens, by their hashes.

use crate::domain::session::Spent;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::refresh_tokens;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// Adds a token of a session.
pub fn insert(
    conn: &mut TenantConnection,
    session_id: Uuid,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::workspace_id.eq(conn.workspace_id()),
            refresh_tokens::token_hash.eq(hash.as_slice()),
            refresh_tokens::session_id.eq(session_id),
            refresh_tokens::created_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The session, when it was spent, and the salt of its successor.
type Row = (Uuid, Option<DateTime<Utc>>, Option<Vec<u8>>);

/// The session of a token and whether it was spent; locked until the end of the transaction, so that of two who use it at
/// once the second sees what the first did.
pub fn lock(conn: &mut TenantConnection, hash: &[u8; 32]) -> Result<Option<(Uuid, Option<Spent>)>> {
    let row: Option<Row> = refresh_tokens::table
        .filter(refresh_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(refresh_tokens::token_hash.eq(hash.as_slice()))
        .select((
            refresh_tokens::session_id,
            refresh_tokens::spent_at,
            refresh_tokens::successor_salt,
        ))
        .for_update()
        .first(conn.pg())
        .optional()?;
    let Some((session_id, spent_at, salt)) = row else {
        return Ok(None);
    };
    let spent = spent_at.zip(salt).map(|(at, salt)| {
        let salt = <[u8; 32]>::try_from(salt)
            .map_err(|_| Error::internal("a salt of another length than 32 bytes"))?;
        Ok::<_, Error>(Spent { at, salt })
    });
    Ok(Some((session_id, spent.transpose()?)))
}

/// The session of a token.
pub fn session_of(conn: &mut TenantConnection, hash: &[u8; 32]) -> Result<Option<Uuid>> {
    Ok(refresh_tokens::table
        .filter(refresh_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(refresh_tokens::token_hash.eq(hash.as_slice()))
        .select(refresh_tokens::session_id)
        .first(conn.pg())
        .optional()?)
}

/// Notes that a token was spent, and the salt of its successor.
pub fn spend(conn: &mut TenantConnection, hash: &[u8; 32], spent: &Spent) -> Result<()> {
    diesel::update(refresh_tokens::table)
        .filter(refresh_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(refresh_tokens::token_hash.eq(hash.as_slice()))
        .set((
            refresh_tokens::spent_at.eq(spent.at),
            refresh_tokens::successor_salt.eq(spent.salt.as_slice()),
        ))
        .execute(conn.pg())?;
    Ok(())
}
