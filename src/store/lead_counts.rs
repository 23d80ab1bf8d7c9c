//! How many leads people have.

use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::HashMap;
use uuid::Uuid;

statement! {
    OpenOfOwners { workspace_id: Uuid => SqlUuid, owners: [Uuid] => Array<SqlUuid> }
    "SELECT o.id, n.open FROM (SELECT ?::uuid AS workspace_id) w, unnest(?::uuid[]) AS o (id), \
       LATERAL (SELECT count(*) AS open FROM leads l WHERE l.workspace_id = w.workspace_id AND l.owner_id = o.id AND l.deleted_at IS NULL \
         AND NOT l.is_test AND l.stage_kind NOT IN ('converted', 'disqualified')) n",
    returns (SqlUuid, BigInt)
}

/// Leads that each of these users owns and that are neither tests, nor converted or disqualified.
pub fn open_of_owners(conn: &mut TenantConnection, owners: &[Uuid]) -> Result<HashMap<Uuid, u32>> {
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    let counted: Vec<(Uuid, i64)> = OpenOfOwners {
        workspace_id: &conn.workspace_id(),
        owners,
    }
    .load(conn.pg())?;
    counted
        .into_iter()
        .map(|(owner, open)| Ok((owner, open.try_into().map_err(Error::internal)?)))
        .collect()
}

/// Leads that wait in a queue.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Waiting {
    /// The key of the queue.
    #[diesel(sql_type = Text)]
    pub queue: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub leads: i64,
    /// When the first of them came.
    #[diesel(sql_type = Timestamptz)]
    pub oldest_at: DateTime<Utc>,
}

/// Queues in which open leads wait, by their keys.
pub fn list_queues(conn: &mut TenantConnection) -> Result<Vec<Waiting>> {
    Ok(diesel::sql_query(
        "SELECT l.queue, count(*) AS leads, min(l.created_at) AS oldest_at FROM leads l WHERE l.workspace_id = $1 AND l.queue IS NOT NULL \
           AND l.deleted_at IS NULL AND NOT l.is_test AND l.stage_kind NOT IN ('converted', 'disqualified') GROUP BY l.queue ORDER BY l.queue",
    )
    .bind::<SqlUuid, _>(conn.workspace_id())
    .load(conn.pg())?)
}
