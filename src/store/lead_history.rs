//! The history of leads: every event but their creation, kept as long as the lead.

use crate::domain::event::{Event, EventType, Provenance};
use crate::error::Result;
use crate::store::json::Json;
use crate::store::outbox;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        version: Vec<i64> => Array<BigInt>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        payload: Vec<Json> => Array<Jsonb>,
    }
    "INSERT INTO lead_history (workspace_id, lead_id, id, type, version, occurred_at, payload) \
     SELECT w.id, c.lead_id, c.id, c.type, c.version, c.occurred_at, c.payload \
     FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[], ?::text[], ?::bigint[], ?::timestamptz[], ?::jsonb[]) \
       AS c (lead_id, id, type, version, occurred_at, payload)"
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
        payload: later()
            .map(|(event, provenance)| outbox::payload(event, provenance))
            .collect::<Result<_>>()?,
        rows: std::marker::PhantomData,
    })
}
