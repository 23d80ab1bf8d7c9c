//! Tokens of links that are good for once, by their hashes.

use crate::domain::secret::SecretKind;
use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::one_time_tokens;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use uuid::Uuid;

/// Adds a token for a user; those of the kind that they had are void.
pub fn replace(
    conn: &mut TenantConnection,
    user_id: Uuid,
    kind: SecretKind,
    hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    forget(conn, user_id, Some(kind))?;
    diesel::insert_into(one_time_tokens::table)
        .values((
            one_time_tokens::workspace_id.eq(conn.workspace_id()),
            one_time_tokens::token_hash.eq(hash.as_slice()),
            one_time_tokens::user_id.eq(user_id),
            one_time_tokens::purpose.eq(kind.as_str()),
            one_time_tokens::created_at.eq(now),
            one_time_tokens::expires_at.eq(expires_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Whose token it is, if it is good at `now`.
pub fn find(
    conn: &mut TenantConnection,
    kind: SecretKind,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    Ok(one_time_tokens::table
        .filter(one_time_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(one_time_tokens::token_hash.eq(hash.as_slice()))
        .filter(one_time_tokens::purpose.eq(kind.as_str()))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(now))
        .select(one_time_tokens::user_id)
        .first(conn.pg())
        .optional()?)
}

/// Uses a token up; `false` when somebody else has meanwhile.
pub fn use_up(
    conn: &mut TenantConnection,
    kind: SecretKind,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let used = diesel::update(one_time_tokens::table)
        .filter(one_time_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(one_time_tokens::token_hash.eq(hash.as_slice()))
        .filter(one_time_tokens::purpose.eq(kind.as_str()))
        .filter(one_time_tokens::used_at.is_null())
        .filter(one_time_tokens::expires_at.gt(now))
        .set(one_time_tokens::used_at.eq(now))
        .execute(conn.pg())?;
    Ok(used == 1)
}

/// Makes the tokens of a user void: those of a kind, or all.
pub fn forget(conn: &mut TenantConnection, user_id: Uuid, kind: Option<SecretKind>) -> Result<()> {
    let mut tokens = diesel::delete(one_time_tokens::table)
        .filter(one_time_tokens::workspace_id.eq(conn.workspace_id()))
        .filter(one_time_tokens::user_id.eq(user_id))
        .into_boxed();
    if let Some(kind) = kind {
        tokens = tokens.filter(one_time_tokens::purpose.eq(kind.as_str()));
    }
    tokens.execute(conn.pg())?;
    Ok(())
}

/// Forgets up to `limit` tokens that are past their time; the answer is how many. Asks as the owner of the tables, for all
/// workspaces.
pub fn forget_expired(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM one_time_tokens t USING (SELECT workspace_id, token_hash FROM one_time_tokens WHERE expires_at < $1 LIMIT $2) old \
         WHERE t.workspace_id = old.workspace_id AND t.token_hash = old.token_hash",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(limit)
    .execute(&mut db.owner()?)?)
}
