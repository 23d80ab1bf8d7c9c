//! Open leads that may be forgotten (promise P3).

use crate::domain::orphan::{Forgotten, Orphan};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::{leads, sla_clocks, users};
use crate::store::statement::statement;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Leads that are looked at together for their clocks.
const TOGETHER: i64 = 10_000;

/// Open leads that nobody is accountable for, or about whose clocks nothing is known, the oldest first. Without a policy
/// there is a reason for having no clock.
///
/// Each reason is looked for by its own index; for clocks the indexes of all leads and all clocks are read side by side.
pub fn list(conn: &mut TenantConnection, has_policy: bool, limit: usize) -> Result<Vec<Orphan>> {
    let mut found: BTreeMap<Uuid, Vec<Forgotten>> = BTreeMap::new();
    let mut note = |leads: Vec<Uuid>, reason| {
        for lead_id in leads {
            found.entry(lead_id).or_default().push(reason);
        }
    };
    note(nobodys(conn, limit)?, Forgotten::NoOwner);
    note(of_disabled(conn, limit)?, Forgotten::OwnerDisabled);
    if has_policy {
        note(without_clock(conn, limit)?, Forgotten::NoClock);
        note(given_up(conn, limit)?, Forgotten::NoClock);
    }
    let orphans = found.into_iter().take(limit);
    Ok(orphans
        .map(|(lead_id, reasons)| Orphan { lead_id, reasons })
        .collect())
}

/// Named in the text, as by the index of leads that are nobody's.
fn is_open() -> SqlLiteral<Bool> {
    sql(
        "leads.deleted_at IS NULL AND NOT leads.is_test AND leads.stage_kind NOT IN ('converted', 'disqualified')",
    )
}

fn nobodys(conn: &mut TenantConnection, limit: usize) -> Result<Vec<Uuid>> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::owner_id.is_null())
        .filter(leads::queue.is_null())
        .filter(is_open())
        .order(leads::id)
        .limit(count(limit))
        .select(leads::id)
        .load(conn.pg())?)
}

fn of_disabled(conn: &mut TenantConnection, limit: usize) -> Result<Vec<Uuid>> {
    let workspace_id = conn.workspace_id();
    let disabled: Vec<Uuid> = users::table
        .filter(users::workspace_id.eq(workspace_id))
        .filter(users::status.eq("disabled"))
        .select(users::id)
        .load(conn.pg())?;
    let mut found = Vec::new();
    for owner in disabled {
        let theirs = leads::table
            .filter(leads::workspace_id.eq(workspace_id))
            .filter(leads::owner_id.eq(owner))
            .filter(is_open())
            .order(leads::id)
            .limit(count(limit))
            .select(leads::id);
        found.extend(theirs.load::<Uuid>(conn.pg())?);
    }
    Ok(found)
}

fn without_clock(conn: &mut TenantConnection, limit: usize) -> Result<Vec<Uuid>> {
    let workspace_id = conn.workspace_id();
    let (mut found, mut after) = (Vec::new(), Uuid::nil());
    while found.len() < limit {
        let all: Vec<Uuid> = leads::table
            .filter(leads::workspace_id.eq(workspace_id))
            .filter(leads::id.gt(after))
            .order(leads::id)
            .limit(TOGETHER)
            .select(leads::id)
            .load(conn.pg())?;
        let Some(last) = all.last().copied() else {
            break;
        };
        let clocked: Vec<Uuid> = sla_clocks::table
            .filter(sla_clocks::workspace_id.eq(workspace_id))
            .filter(sla_clocks::lead_id.gt(after))
            .filter(sla_clocks::lead_id.le(last))
            .order((sla_clocks::lead_id, sla_clocks::id))
            .select(sla_clocks::lead_id)
            .load(conn.pg())?;
        let is_clocked = |id: &Uuid| clocked.binary_search(id).is_ok();
        let others: Vec<Uuid> = all.into_iter().filter(|id| !is_clocked(id)).collect();
        if !others.is_empty() {
            let unexplained = Unexplained {
                leads: &others,
                workspace_id: &workspace_id,
            };
            found.extend(unexplained.load::<Uuid>(conn.pg())?);
        }
        after = last;
    }
    found.truncate(limit);
    Ok(found)
}

statement! {
    Unexplained { leads: [Uuid] => Array<SqlUuid>, workspace_id: Uuid => SqlUuid }
    "SELECT leads.id FROM unnest(?::uuid[]) AS one (id), (SELECT ?::uuid AS id) w, leads \
     WHERE leads.workspace_id = w.id AND leads.id = one.id AND leads.deleted_at IS NULL AND NOT leads.is_test \
       AND leads.stage_kind NOT IN ('converted', 'disqualified') \
       AND NOT EXISTS (SELECT FROM decisions d WHERE d.workspace_id = w.id AND d.lead_id = leads.id AND d.kind = 'clocks') \
     ORDER BY leads.id",
    returns SqlUuid
}

/// Open leads whose clocks were all cancelled, and about whose clocks nothing was decided since: they came back, and nobody waits
/// for them.
fn given_up(conn: &mut TenantConnection, limit: usize) -> Result<Vec<Uuid>> {
    let given_up = GivenUp {
        workspace_id: &conn.workspace_id(),
        limit: &count(limit),
    };
    Ok(given_up.load::<Uuid>(conn.pg())?)
}

statement! {
    GivenUp { workspace_id: Uuid => SqlUuid, limit: i64 => BigInt }
    "SELECT c.lead_id FROM (SELECT ?::uuid AS id) w, leads, LATERAL ( \
       SELECT c.lead_id, max((c.clock->>'cancelled_at')::timestamptz) AS at FROM sla_clocks c \
       WHERE c.workspace_id = w.id AND c.lead_id = leads.id AND c.state = 'cancelled' GROUP BY c.lead_id) c \
     WHERE leads.workspace_id = w.id AND leads.id IN \
         (SELECT o.lead_id FROM sla_clocks o WHERE o.workspace_id = w.id AND o.state = 'cancelled' AND o.kind <> 'accept') \
       AND leads.deleted_at IS NULL AND NOT leads.is_test AND leads.stage_kind NOT IN ('converted', 'disqualified') \
       AND NOT EXISTS (SELECT FROM sla_clocks o WHERE o.workspace_id = w.id AND o.lead_id = leads.id AND o.state <> 'cancelled') \
       AND NOT EXISTS (SELECT FROM decisions d WHERE d.workspace_id = w.id AND d.lead_id = leads.id AND d.kind = 'clocks' \
         AND d.created_at >= c.at) \
     ORDER BY c.lead_id LIMIT ?",
    returns SqlUuid
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
