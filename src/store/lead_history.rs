//! The history of leads: every event but their creation, kept as long as the lead.

use crate::domain::as_of::Moment;
use crate::domain::event::{Change, Event, EventType, Provenance};
use crate::domain::history::{HistoryEntry, HistoryFilter};
use crate::domain::ids::lower_bound;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::outbox;
use crate::store::pool::TenantConnection;
use crate::store::schema::lead_history;
use crate::store::statement::statement;
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        version: Vec<i64> => Array<BigInt>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        decision_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        payload: Vec<Json> => Array<Jsonb>,
    }
    "INSERT INTO lead_history (workspace_id, lead_id, id, type, version, occurred_at, decision_id, payload) \
     SELECT w.id, c.lead_id, c.id, c.type, c.version, c.occurred_at, c.decision_id, c.payload \
     FROM (SELECT ?::uuid AS id) w, \
       unnest(?::uuid[], ?::uuid[], ?::text[], ?::bigint[], ?::timestamptz[], ?::uuid[], ?::jsonb[]) \
       AS c (lead_id, id, type, version, occurred_at, decision_id, payload)"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    events: &'a [(&'a Event, &'a Provenance)],
) -> Result<Insert<'a>> {
    let later = || {
        events
            .iter()
            .filter(|(event, _)| event.kind != EventType::LeadCreated)
    };
    Ok(Insert {
        workspace_id,
        lead_id: later().map(|(event, _)| event.lead_id).collect(),
        id: later().map(|(event, _)| event.id).collect(),
        kind: later().map(|(event, _)| event.kind.as_str()).collect(),
        version: later().map(|(event, _)| event.version).collect(),
        occurred_at: later().map(|(event, _)| event.occurred_at).collect(),
        decision_id: later().map(|(event, _)| event.decision_id()).collect(),
        payload: later()
            .map(|(event, provenance)| outbox::payload(event, provenance))
            .collect::<Result<_>>()?,
        rows: std::marker::PhantomData,
    })
}

/// What the payload holds beside the row's own columns.
#[derive(Deserialize)]
struct Payload {
    #[serde(flatten)]
    provenance: Provenance,
    changes: Vec<Change>,
    data: Option<Value>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = lead_history, check_for_backend(diesel::pg::Pg))]
struct HistoryRow {
    id: Uuid,
    kind: String,
    version: i64,
    occurred_at: DateTime<Utc>,
    decision_id: Option<Uuid>,
    payload: Value,
}

impl TryFrom<HistoryRow> for HistoryEntry {
    type Error = Error;

    fn try_from(row: HistoryRow) -> Result<HistoryEntry> {
        let payload: Payload = serde_json::from_value(row.payload).map_err(Error::internal)?;
        let Provenance {
            actor,
            cause,
            origin,
        } = payload.provenance;
        Ok(HistoryEntry {
            id: row.id,
            kind: EventType::from_name(&row.kind)
                .ok_or_else(|| Error::internal(format!("unknown event {}", row.kind)))?,
            occurred_at: row.occurred_at,
            version: row.version,
            actor: Some(actor),
            cause: Some(cause),
            origin,
            decision_id: row.decision_id,
            changes: payload.changes,
            data: payload.data,
        })
    }
}

/// A move of a lead to another stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct StageMove {
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// The decision that moved it; `None`: somebody did.
    pub decision_id: Option<Uuid>,
}

/// How a lead came to the stage in which it is, as far as its history is written.
pub fn find_latest_move(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Option<StageMove>> {
    Ok(lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .filter(lead_history::kind.eq("lead.stage_changed"))
        .order(lead_history::id.desc())
        .select((lead_history::occurred_at, lead_history::decision_id))
        .first(conn.pg())
        .optional()?)
}

/// When a user last did something with a lead.
pub fn find_latest_of_user(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    user_id: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    let by_user = json!({"actor": {"type": "user", "id": user_id}});
    Ok(lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .filter(lead_history::payload.contains(by_user))
        .order(lead_history::id.desc())
        .select(lead_history::occurred_at)
        .first(conn.pg())
        .optional()?)
}

/// Entries of a lead, newest first, older than the one with the id `before`.
pub fn list(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    filter: &HistoryFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<HistoryEntry>> {
    let mut query = lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .order(lead_history::id.desc())
        .limit(limit)
        .select(HistoryRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(lead_history::id.lt(before));
    }
    if let Some(from) = filter.from {
        query = query.filter(lead_history::occurred_at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(lead_history::occurred_at.lt(to));
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        query = query.filter(lead_history::kind.eq_any(kinds));
    }
    if let Some(actor) = filter.actor {
        let is_actor = sql::<Bool>("lead_history.payload -> 'actor' ->> 'id' = ")
            .bind::<Text, _>(actor.to_string());
        query = query.filter(is_actor);
    }
    if !filter.paths.is_empty() {
        let changed = sql::<Bool>(
            "EXISTS (SELECT FROM jsonb_array_elements(lead_history.payload -> 'changes') AS c (change) WHERE c.change ->> 'path' = ANY (",
        )
        .bind::<Array<Text>, _>(&filter.paths)
        .sql(") OR split_part(c.change ->> 'path', '.', 1) = ANY (")
        .bind::<Array<Text>, _>(&filter.paths)
        .sql("))");
        query = query.filter(changed);
    }
    let rows: Vec<HistoryRow> = query.load(conn.pg())?;
    rows.into_iter().map(HistoryEntry::try_from).collect()
}

/// Milestones of a lead of some kinds, newest first, older than the place `before`.
///
/// The index of milestones holds exactly those that are named in the text.
pub fn list_milestones(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    kinds: &[EventType],
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<HistoryEntry>> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let is_milestone = sql::<Bool>(
        "lead_history.type IN ('lead.stage_changed', 'lead.assigned', 'lead.accepted', 'lead.rejected', 'lead.deleted', 'lead.restored', 'lead.merged', 'lead.unmerged')",
    );
    let mut query = lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .filter(is_milestone)
        .filter(lead_history::kind.eq_any(kinds))
        .order(lead_history::id.desc())
        .limit(limit)
        .select(HistoryRow::as_select())
        .into_boxed();
    if let Some((at, id)) = before {
        let earlier = sql::<Bool>("(lead_history.occurred_at, lead_history.id) < (")
            .bind::<Timestamptz, _>(at)
            .sql(", ")
            .bind::<SqlUuid, _>(id)
            .sql(")");
        query = query
            .filter(lead_history::id.lt(lower_bound(at + Duration::milliseconds(1))))
            .filter(earlier);
    }
    let rows: Vec<HistoryRow> = query.load(conn.pg())?;
    rows.into_iter().map(HistoryEntry::try_from).collect()
}

/// Whether an assignment of a lead came of that decision.
pub fn tells_of_decision(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    decision_id: Uuid,
) -> Result<bool> {
    let names_it = sql::<Bool>("lead_history.payload -> 'data' ->> 'decision_id' = ")
        .bind::<Text, _>(decision_id.to_string());
    let told = lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .filter(lead_history::kind.eq(EventType::LeadAssigned.as_str()))
        .filter(names_it)
        .select(lead_history::id)
        .first::<Uuid>(conn.pg())
        .optional()?;
    Ok(told.is_some())
}

/// The newest entry of a lead with an id smaller than `bound`: its id and the version after it. `None` before its first
/// change.
pub fn find_newest_below(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    bound: Uuid,
) -> Result<Option<(Uuid, Moment)>> {
    let row: Option<(Uuid, i64, DateTime<Utc>)> = lead_history::table
        .filter(lead_history::workspace_id.eq(conn.workspace_id()))
        .filter(lead_history::lead_id.eq(lead_id))
        .filter(lead_history::id.lt(bound))
        .order(lead_history::id.desc())
        .select((
            lead_history::id,
            lead_history::version,
            lead_history::occurred_at,
        ))
        .first(conn.pg())
        .optional()?;
    Ok(row.map(|(id, version, at)| (id, Moment { version, at })))
}

statement! {
    /// A version is taken back whole, though its events may be a moment apart.
    OldestChanges { workspace_id: Uuid => SqlUuid, lead_id: Uuid => SqlUuid, after: Uuid => SqlUuid, version: i64 => BigInt }
    "SELECT DISTINCT ON (c.change ->> 'path') c.change \
     FROM lead_history h, LATERAL jsonb_array_elements(h.payload -> 'changes') AS c (change) \
     WHERE h.workspace_id = ? AND h.lead_id = ? AND h.id > ? AND h.version > ? \
     ORDER BY c.change ->> 'path', h.id",
    returns Jsonb
}

/// Of every value that changed after a version of the lead, the first change. `after` is the id of an event of that
/// version, or of the lead.
pub fn list_oldest_changes(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    after: Uuid,
    version: i64,
) -> Result<Vec<Change>> {
    let workspace_id = conn.workspace_id();
    let changes: Vec<Value> = OldestChanges {
        workspace_id: &workspace_id,
        lead_id: &lead_id,
        after: &after,
        version: &version,
    }
    .load(conn.pg())?;
    changes
        .into_iter()
        .map(|change| serde_json::from_value(change).map_err(Error::internal))
        .collect()
}
