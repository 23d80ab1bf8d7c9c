//! How many leads people have.

use crate::domain::orphan::{Forgotten, Orphan};
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::HashMap;
use uuid::Uuid;

statement! {
    OpenOfOwners { workspace_id: Uuid => SqlUuid, owners: [Uuid] => Array<SqlUuid> }
    "SELECT o.id, n.open FROM (SELECT ?::uuid AS workspace_id) w, unnest(?::uuid[]) AS o (id), \
       LATERAL (SELECT count(*) AS open FROM leads l WHERE l.workspace_id = w.workspace_id AND l.owner_id = o.id AND l.deleted_at IS NULL \
         AND l.stage_kind NOT IN ('converted', 'disqualified')) n",
    returns (SqlUuid, BigInt)
}

/// Leads that each of these users owns and that are neither converted nor disqualified.
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

statement! {
    /// Each reason on its own, so that each is looked for by its own index. Most leads have a clock, so decisions are looked at
    /// of few.
    Orphans { workspace_id: Uuid => SqlUuid, has_policy: bool => Bool, limit: i64 => BigInt }
    "WITH w AS (SELECT ?::uuid AS id, ?::bool AS has_policy, ?::bigint AS most), \
     unclocked AS MATERIALIZED ( \
       SELECT l.id FROM w, leads l WHERE w.has_policy AND l.workspace_id = w.id AND l.deleted_at IS NULL AND NOT l.is_test \
         AND l.stage_kind NOT IN ('converted', 'disqualified') \
         AND NOT EXISTS (SELECT FROM sla_clocks c WHERE c.workspace_id = l.workspace_id AND c.lead_id = l.id)) \
     SELECT o.id, bool_or(o.no_owner), bool_or(o.owner_disabled), bool_or(o.no_clock) FROM ( \
       SELECT l.id, true AS no_owner, false AS owner_disabled, false AS no_clock \
       FROM w, leads l WHERE l.workspace_id = w.id AND l.deleted_at IS NULL AND NOT l.is_test \
         AND l.stage_kind NOT IN ('converted', 'disqualified') AND l.owner_id IS NULL AND l.team_id IS NULL AND l.queue IS NULL \
       UNION ALL \
       SELECT l.id, false, true, false FROM w, users u, leads l \
       WHERE u.workspace_id = w.id AND u.status = 'disabled' AND l.workspace_id = u.workspace_id AND l.owner_id = u.id \
         AND l.deleted_at IS NULL AND NOT l.is_test AND l.stage_kind NOT IN ('converted', 'disqualified') \
       UNION ALL \
       SELECT n.id, false, false, true FROM w, unclocked n LEFT JOIN LATERAL ( \
         SELECT true AS is_known FROM decisions d WHERE d.workspace_id = (SELECT id FROM w) AND d.lead_id = n.id AND d.kind = 'clocks' LIMIT 1) d ON true \
       WHERE d.is_known IS NULL) o \
     GROUP BY o.id ORDER BY o.id LIMIT (SELECT most FROM w)",
    returns (SqlUuid, Bool, Bool, Bool)
}

/// Open leads that nobody is accountable for, or about whose clocks nothing is known, the oldest first. Without a policy
/// there is a reason for having no clock.
pub fn list_orphans(
    conn: &mut TenantConnection,
    has_policy: bool,
    limit: i64,
) -> Result<Vec<Orphan>> {
    let found: Vec<(Uuid, bool, bool, bool)> = Orphans {
        workspace_id: &conn.workspace_id(),
        has_policy: &has_policy,
        limit: &limit,
    }
    .load(conn.pg())?;
    let orphan = |(lead_id, no_owner, owner_disabled, no_clock)| {
        let reasons = [
            (no_owner, Forgotten::NoOwner),
            (owner_disabled, Forgotten::OwnerDisabled),
            (no_clock, Forgotten::NoClock),
        ];
        let reasons = reasons.into_iter().filter(|(holds, _)| *holds);
        Orphan {
            lead_id,
            reasons: reasons.map(|(_, reason)| reason).collect(),
        }
    };
    Ok(found.into_iter().map(orphan).collect())
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
