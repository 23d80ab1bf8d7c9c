//! The change feed: published events, each with a position that counts 1, 2, 3 … in its workspace (promise P8).

use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::{feed, feed_positions};
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

/// An event as published.
#[derive(Debug, Clone)]
pub struct Published {
    /// 1, 2, 3 … in the workspace.
    pub position: i64,
    /// The event's id.
    pub id: Uuid,
    /// `lead.created` …
    pub kind: String,
    /// The lead it happened to.
    pub lead_id: Uuid,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The lead's version after it.
    pub version: i64,
    /// `actor`, `cause`, `origin` and `changes`.
    pub payload: Value,
}

statement! {
    /// The ids of a lead's events grow with its versions, so the order of ids keeps each lead's order.
    Publish { workspace_id: Uuid => SqlUuid, base: i64 => BigInt, published_at: DateTime<Utc> => Timestamptz, limit: i64 => BigInt }
    "WITH b AS (SELECT ?::uuid AS workspace_id, ?::bigint AS base, ?::timestamptz AS at, ?::bigint AS most), \
     moved AS (DELETE FROM outbox o USING b WHERE o.workspace_id = b.workspace_id \
       AND o.id = ANY (ARRAY(SELECT p.id FROM outbox p WHERE p.workspace_id = (SELECT workspace_id FROM b) ORDER BY p.id LIMIT (SELECT most FROM b))) \
       RETURNING o.id, o.type, o.aggregateid, o.version, o.occurred_at, o.payload) \
     INSERT INTO feed (workspace_id, position, published_at, id, type, lead_id, version, occurred_at, payload) \
     SELECT b.workspace_id, b.base + row_number() OVER (ORDER BY m.id), b.at, m.id, m.type, m.aggregateid, m.version, m.occurred_at, m.payload \
     FROM moved m, b"
}

/// Moves up to `limit` events of the workspace from the outbox to the feed; the answer is how many.
///
/// The row of the last position is locked meanwhile: when another sequencer holds it, nothing is moved.
pub fn publish(conn: &mut TenantConnection, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    let workspace_id = conn.workspace_id();
    let Some(base) = lock_position(conn)? else {
        return Ok(0);
    };
    let moved = Publish {
        workspace_id: &workspace_id,
        base: &base,
        published_at: &now,
        limit: &limit,
    }
    .execute(conn.pg())?;
    if moved > 0 {
        let last = base + i64::try_from(moved).map_err(Error::internal)?;
        diesel::update(feed_positions::table)
            .filter(feed_positions::workspace_id.eq(workspace_id))
            .set(feed_positions::position.eq(last))
            .execute(conn.pg())?;
    }
    Ok(moved)
}

/// The last position given, locked; `None` while another sequencer holds it.
fn lock_position(conn: &mut TenantConnection) -> Result<Option<i64>> {
    let workspace_id = conn.workspace_id();
    let locked = feed_positions::table
        .filter(feed_positions::workspace_id.eq(workspace_id))
        .select(feed_positions::position)
        .for_update()
        .skip_locked()
        .first(conn.pg())
        .optional()?;
    if locked.is_some() {
        return Ok(locked);
    }
    let begun = diesel::insert_into(feed_positions::table)
        .values((
            feed_positions::workspace_id.eq(workspace_id),
            feed_positions::position.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok((begun == 1).then_some(0))
}

type Row = (i64, Uuid, String, Uuid, DateTime<Utc>, i64, Value);

/// Events after a position, in order; `kinds` narrows them to some types.
pub fn list(
    conn: &mut TenantConnection,
    after: i64,
    kinds: &[String],
    limit: i64,
) -> Result<Vec<Published>> {
    let mut query = feed::table
        .filter(feed::workspace_id.eq(conn.workspace_id()))
        .filter(feed::position.gt(after))
        .order(feed::position)
        .limit(limit)
        .select((
            feed::position,
            feed::id,
            feed::kind,
            feed::lead_id,
            feed::occurred_at,
            feed::version,
            feed::payload,
        ))
        .into_boxed();
    if !kinds.is_empty() {
        query = query.filter(feed::kind.eq_any(kinds));
    }
    let rows: Vec<Row> = query.load(conn.pg())?;
    Ok(rows
        .into_iter()
        .map(
            |(position, id, kind, lead_id, occurred_at, version, payload)| Published {
                position,
                id,
                kind,
                lead_id,
                occurred_at,
                version,
                payload,
            },
        )
        .collect())
}

/// Whether an event concerns some fields of its lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedLead {
    /// The event's position.
    pub position: i64,
    /// The lead it happened to.
    pub lead_id: Uuid,
    /// The lead is new, or one of the fields changed.
    pub concerns: bool,
}

statement! {
    ListChangedLeads { paths: [&'a str] => Array<Text>, workspace_id: Uuid => SqlUuid, after: i64 => BigInt, limit: i64 => BigInt }
    "SELECT f.position, f.lead_id, (f.type = 'lead.created' OR EXISTS ( \
       SELECT FROM json_array_elements(f.payload -> 'changes') c WHERE c ->> 'path' = ANY (?))) AS concerns \
     FROM feed f WHERE f.workspace_id = ? AND f.position > ? ORDER BY f.position LIMIT ?",
    returns (BigInt, SqlUuid, Bool)
}

/// The leads of the events after a position, in order, and whether each concerns one of the fields named.
pub fn list_changed_leads(
    conn: &mut TenantConnection,
    after: i64,
    fields: &[&str],
    limit: i64,
) -> Result<Vec<ChangedLead>> {
    let workspace_id = conn.workspace_id();
    let question = ListChangedLeads {
        paths: fields,
        workspace_id: &workspace_id,
        after: &after,
        limit: &limit,
    };
    let rows: Vec<(i64, Uuid, bool)> = question.load(conn.pg())?;
    Ok(rows
        .into_iter()
        .map(|(position, lead_id, concerns)| ChangedLead {
            position,
            lead_id,
            concerns,
        })
        .collect())
}

/// When the first event after a position was published; `None` when there is none.
pub fn find_next_time(conn: &mut TenantConnection, after: i64) -> Result<Option<DateTime<Utc>>> {
    Ok(feed::table
        .filter(feed::workspace_id.eq(conn.workspace_id()))
        .filter(feed::position.gt(after))
        .order(feed::position)
        .select(feed::published_at)
        .first(conn.pg())
        .optional()?)
}

/// The first and the last position the feed still has; `(1, 0)` for a feed that never had an event.
pub fn bounds(conn: &mut TenantConnection) -> Result<(i64, i64)> {
    let workspace_id = conn.workspace_id();
    let last: Option<i64> = feed_positions::table
        .filter(feed_positions::workspace_id.eq(workspace_id))
        .select(feed_positions::position)
        .first(conn.pg())
        .optional()?;
    let last = last.unwrap_or(0);
    let first: Option<i64> = feed::table
        .filter(feed::workspace_id.eq(workspace_id))
        .order(feed::position)
        .select(feed::position)
        .first(conn.pg())
        .optional()?;
    Ok((first.unwrap_or(last + 1), last))
}
