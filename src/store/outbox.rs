//! The outbox: events, written in the transaction of what they tell.
//!
//! No counter row and no `NOTIFY` here: both would make the writers of a busy workspace wait for each other.

use crate::domain::event::{Change, Event, Provenance};
use crate::error::Result;
use crate::store::json::Json;
use crate::store::lead_history;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::outbox;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Json as SqlJson, Text, Timestamptz, Uuid as SqlUuid};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        version: Vec<i64> => Array<BigInt>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        payload: Vec<Json> => Array<SqlJson>,
    }
    "INSERT INTO outbox (workspace_id, id, aggregatetype, aggregateid, type, version, occurred_at, payload) \
     SELECT w.id, c.id, 'lead', c.lead_id, c.type, c.version, c.occurred_at, c.payload \
     FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[], ?::text[], ?::bigint[], ?::timestamptz[], ?::json[]) \
       AS c (id, lead_id, type, version, occurred_at, payload)"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    events: &'a [(&'a Event, &'a Provenance)],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: events.iter().map(|(event, _)| event.id).collect(),
        lead_id: events.iter().map(|(event, _)| event.lead_id).collect(),
        kind: events
            .iter()
            .map(|(event, _)| event.kind.as_str())
            .collect(),
        version: events.iter().map(|(event, _)| event.version).collect(),
        occurred_at: events.iter().map(|(event, _)| event.occurred_at).collect(),
        payload: events
            .iter()
            .map(|(event, provenance)| payload(event, provenance))
            .collect::<Result<_>>()?,
        rows: std::marker::PhantomData,
    })
}

/// Adds events, each with who caused it, also to the history of their leads.
pub fn add_all(conn: &mut TenantConnection, events: &[(&Event, &Provenance)]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    insertion(conn.workspace_id(), events)?.execute(conn.pg())?;
    lead_history::insertion(conn.workspace_id(), events)?.execute(conn.pg())?;
    Ok(())
}

/// What the feed shows of an event beside its own columns.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(flatten)]
    provenance: &'a Provenance,
    changes: &'a [Change],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

pub(in crate::store) fn payload(event: &Event, provenance: &Provenance) -> Result<Json> {
    Json::of(&Payload {
        provenance,
        changes: &event.changes,
        data: event.data.as_ref(),
    })
}

/// Workspaces that have events waiting, found by stepping from one to the next along the primary key.
pub fn list_workspaces(db: &Db) -> Result<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        workspace_id: Uuid,
    }
    db.across_workspaces(|connection| {
        let rows: Vec<Row> = diesel::sql_query(
            "WITH RECURSIVE step AS ( \
               (SELECT workspace_id FROM outbox ORDER BY workspace_id LIMIT 1) \
               UNION ALL \
               SELECT (SELECT o.workspace_id FROM outbox o WHERE o.workspace_id > step.workspace_id ORDER BY o.workspace_id LIMIT 1) \
               FROM step WHERE step.workspace_id IS NOT NULL \
             ) SELECT workspace_id FROM step WHERE workspace_id IS NOT NULL",
        )
        .load(connection)?;
        Ok(rows.into_iter().map(|row| row.workspace_id).collect())
    })
}

/// How long the oldest event has been waiting to be published; zero when none waits.
pub fn lag(db: &Db, now: DateTime<Utc>) -> Result<std::time::Duration> {
    let mut oldest: Option<DateTime<Utc>> = None;
    for workspace_id in list_workspaces(db)? {
        let first: Option<DateTime<Utc>> = db.across_workspaces(|connection| {
            let first = outbox::table
                .filter(outbox::workspace_id.eq(workspace_id))
                .order(outbox::id)
                .select(outbox::occurred_at);
            Ok(first.first(connection).optional()?)
        })?;
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok(oldest
        .and_then(|oldest| (now - oldest).to_std().ok())
        .unwrap_or_default())
}
