//! Attempts to log in, counted for each mail address in the database, so that any number of processes count together.

use crate::error::Result;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::login_attempts;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Timestamptz, Uuid as SqlUuid};

statement! {
    Count { workspace_id: uuid::Uuid => SqlUuid, account: Vec<u8> => Bytea, now: DateTime<Utc> => Timestamptz, since: DateTime<Utc> => Timestamptz, again: DateTime<Utc> => Timestamptz }
    "INSERT INTO login_attempts AS a (workspace_id, account_hash, attempts, began_at) VALUES (?, ?, 1, ?) \
     ON CONFLICT (workspace_id, account_hash) DO UPDATE SET \
       attempts = CASE WHEN a.began_at <= ? THEN 1 ELSE a.attempts + 1 END, \
       began_at = CASE WHEN a.began_at <= ? THEN excluded.began_at ELSE a.began_at END \
     RETURNING attempts, began_at",
    returns (BigInt, Timestamptz)
}

/// Counts one more attempt, and says how many there were since when. Those that began before `since` are forgotten.
///
/// Counted before the password is looked at, so that many at once cannot slip through together.
pub fn count(
    conn: &mut TenantConnection,
    account_hash: &[u8; 32],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<(i64, DateTime<Utc>)> {
    let workspace_id = conn.workspace_id();
    let counted = Count {
        workspace_id: &workspace_id,
        account: &account_hash.to_vec(),
        now: &now,
        since: &since,
        again: &since,
    };
    Ok(counted.get_result(conn.pg())?)
}

/// Forgets the attempts of an address: one succeeded.
pub fn clear(conn: &mut TenantConnection, account_hash: &[u8; 32]) -> Result<()> {
    diesel::delete(login_attempts::table)
        .filter(login_attempts::workspace_id.eq(conn.workspace_id()))
        .filter(login_attempts::account_hash.eq(account_hash.as_slice()))
        .execute(conn.pg())?;
    Ok(())
}

/// Forgets up to `limit` counts that began before `since`; the answer is how many. Asks as the owner of the tables, for all
/// workspaces.
pub fn forget_expired(db: &Db, since: DateTime<Utc>, limit: i64) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM login_attempts a USING (SELECT workspace_id, account_hash FROM login_attempts WHERE began_at < $1 LIMIT $2) old \
         WHERE a.workspace_id = old.workspace_id AND a.account_hash = old.account_hash",
    )
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(limit)
    .execute(&mut db.owner()?)?)
}
