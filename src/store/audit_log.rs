//! The audit log. The role of requests may add to it and read it, nothing else.

use crate::domain::audit::{Action, AuditEntry, AuditFilter, Target, Trail};
use crate::domain::event::Actor;
use crate::domain::ids::{Ids, ProcessIds, lower_bound, time_of};
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::audit_log;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

/// Adds a line. It counts with the transaction: what is rolled back was not done.
pub fn add(
    conn: &mut TenantConnection,
    trail: &Trail,
    action: Action,
    target: Option<Target>,
    details: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = ProcessIds.next(now);
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::workspace_id.eq(conn.workspace_id()),
            audit_log::id.eq(id),
            audit_log::occurred_at.eq(time_of(id)),
            audit_log::action.eq(action.as_str()),
            audit_log::actor_type.eq(&trail.actor.kind),
            audit_log::actor_id.eq(trail.actor.id),
            audit_log::target_type.eq(target.map(|target| target.kind)),
            audit_log::target_id.eq(target.map(|target| target.id)),
            audit_log::details.eq(details),
            audit_log::request_id.eq(&trail.request_id),
            audit_log::client_address.eq(&trail.client_address),
        ))
        .execute(conn.pg())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    occurred_at: DateTime<Utc>,
    action: String,
    actor_type: String,
    actor_id: Option<Uuid>,
    target_type: Option<String>,
    target_id: Option<Uuid>,
    details: Value,
    request_id: Option<String>,
    client_address: Option<String>,
}

/// A page of lines, newest first, from before a line on.
pub fn list(
    conn: &mut TenantConnection,
    filter: &AuditFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let mut query = audit_log::table
        .filter(audit_log::workspace_id.eq(conn.workspace_id()))
        .order(audit_log::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(action) = &filter.action {
        query = query.filter(audit_log::action.eq(action.clone()));
    }
    if let Some(actor_id) = filter.actor_id {
        query = query.filter(audit_log::actor_id.eq(actor_id));
    }
    if let Some(target_id) = filter.target_id {
        query = query.filter(audit_log::target_id.eq(target_id));
    }
    // The id carries the time, and every index of the table ends with it.
    if let Some(from) = filter.from {
        query = query.filter(audit_log::id.ge(lower_bound(from)));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit_log::id.lt(lower_bound(to)));
    }
    if let Some(before) = before {
        query = query.filter(audit_log::id.lt(before));
    }
    let rows = query.load::<Row>(conn.pg())?;
    let entry = |row: Row| AuditEntry {
        id: row.id,
        occurred_at: row.occurred_at,
        action: row.action,
        actor: Actor {
            kind: row.actor_type,
            id: row.actor_id,
        },
        target_type: row.target_type,
        target_id: row.target_id,
        details: row.details,
        request_id: row.request_id,
        client_address: row.client_address,
    };
    Ok(rows.into_iter().map(entry).collect())
}
