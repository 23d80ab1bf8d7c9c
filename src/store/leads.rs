//! Leads.

mod insert;
mod keyed_values;
mod row;
mod update;

pub(in crate::store) use insert::{Insert, insertion};
pub use keyed_values::{KeyedValue, list_changed_values, list_values, lock_values};
pub(in crate::store) use row::LeadRow;
pub use update::{set_score, update};

use crate::domain::access::Visibility;
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::leads;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use std::collections::HashSet;
use uuid::Uuid;

/// Leads by id, locked until the end of the transaction, in the order of their ids so that no two transactions wait for
/// each other.
pub fn lock_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .for_update()
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// As [`lock_by_ids`], without those that another transaction has locked.
pub fn lock_free_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .for_update()
        .skip_locked()
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// Leads by id, in the order of their ids; also deleted ones.
pub fn list_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// Ids of leads that are there and no tests, in their order, after one and before another.
pub fn list_ids_in_earnest(
    conn: &mut TenantConnection,
    after: Option<Uuid>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.gt(after.unwrap_or_default()))
        .filter(leads::id.lt(before))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .order(leads::id)
        .limit(limit)
        .select(leads::id)
        .load(conn.pg())?)
}

/// A lead, locked until the end of the transaction; also a deleted one.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<Lead> {
    lock_by_ids(conn, &[id])?
        .pop()
        .ok_or_else(|| Error::not_found("lead", id))
}

/// How many leads with an id below another are there in earnest.
///
/// # Errors
/// [`Error::TooSlow`] when that takes too long.
pub fn count_in_earnest(conn: &mut TenantConnection, before: Uuid) -> Result<i64> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.lt(before))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .count()
        .get_result(conn.pg())?)
}

/// The oldest lead that waits in a queue, locked; one that somebody else is about to take is passed over.
pub fn lock_next_of_queue(conn: &mut TenantConnection, queue: &str) -> Result<Option<Lead>> {
    let row: Option<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::queue.eq(queue))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .filter(leads::stage_kind.ne_all(["converted", "disqualified"]))
        .order(leads::id)
        .for_update()
        .skip_locked()
        .select(LeadRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Lead::try_from).transpose()
}

/// Whether a lead stands in the stage; also a deleted one.
pub fn any_in_stage(conn: &mut TenantConnection, stage: &str) -> Result<bool> {
    let standing = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::stage.eq(stage));
    Ok(diesel::select(diesel::dsl::exists(standing)).get_result(conn.pg())?)
}

/// Those of the leads that may be known of; also deleted ones.
pub fn visible_among(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    visible: &Visibility,
) -> Result<HashSet<Uuid>> {
    let mut query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .select(leads::id)
        .into_boxed();
    if let Visibility::Of { owners, teams } = visible {
        let owned = leads::owner_id.eq_any(owners);
        query = query.filter(owned.or(leads::team_id.eq_any(teams)).assume_not_null());
    }
    let found: Vec<Uuid> = query.load(conn.pg())?;
    Ok(found.into_iter().collect())
}

/// A lead; also a deleted one.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Lead> {
    let row: Option<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq(id))
        .select(LeadRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("lead", id))?.try_into()
}

/// Which of these leads are there, or are deleted, and may be known of; in the order of their ids.
pub fn list_known(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    deleted: bool,
    visible: &Visibility,
) -> Result<Vec<Uuid>> {
    let mut query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .select((leads::id, leads::owner_id, leads::team_id))
        .into_boxed();
    query = if deleted {
        query.filter(
            leads::deleted_at
                .is_not_null()
                .and(leads::merged_into.is_null()),
        )
    } else {
        query.filter(leads::deleted_at.is_null())
    };
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = query.load(conn.pg())?;
    Ok(rows
        .into_iter()
        .filter(|(_, owner_id, team_id)| visible.shows_of(*owner_id, *team_id))
        .map(|(id, _, _)| id)
        .collect())
}

statement! {
    CountUpTo { workspace_id: Uuid => SqlUuid, limit: i64 => BigInt }
    "SELECT count(*) FROM (SELECT id FROM leads WHERE workspace_id = ? ORDER BY id LIMIT ?) AS counted",
    returns BigInt
}

/// How many leads there are, deleted ones too; `None` when there are more than `most`.
pub fn count_up_to(conn: &mut TenantConnection, most: i64) -> Result<Option<i64>> {
    let counted: i64 = CountUpTo {
        workspace_id: &conn.workspace_id(),
        limit: &(most + 1),
    }
    .get_result(conn.pg())?;
    Ok((counted <= most).then_some(counted))
}
