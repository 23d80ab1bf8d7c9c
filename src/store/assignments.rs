//! Assignments: who had a lead, from when to when.

use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::decision::AssignmentRecord;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::assignments;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        user_id: Vec<Uuid> => Array<SqlUuid>,
        state: Vec<String> => Array<Text>,
        given_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        accepted_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        decision_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
    }
    "INSERT INTO assignments (workspace_id, id, lead_id, user_id, state, given_at, accepted_at, decision_id) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, \
       unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::uuid[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [&'a AssignmentRecord],
) -> Insert<'a> {
    Insert {
        workspace_id,
        id: new.iter().map(|one| one.id).collect(),
        lead_id: new.iter().map(|one| one.lead_id).collect(),
        user_id: new.iter().map(|one| one.assignment.user_id).collect(),
        state: new.iter().map(|one| name(one.assignment.state)).collect(),
        given_at: new.iter().map(|one| one.assignment.given_at).collect(),
        accepted_at: new.iter().map(|one| one.assignment.accepted_at).collect(),
        decision_id: new.iter().map(|one| one.decision_id).collect(),
        rows: std::marker::PhantomData,
    }
}

/// Adds assignments.
pub fn insert_all(conn: &mut TenantConnection, new: &[&AssignmentRecord]) -> Result<()> {
    if !new.is_empty() {
        insertion(conn.workspace_id(), new).execute(conn.pg())?;
    }
    Ok(())
}

fn name(state: AssignmentState) -> String {
    json!(state).as_str().unwrap_or_default().to_owned()
}

type Row = (
    Uuid,
    Uuid,
    Uuid,
    String,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    Option<String>,
    Option<Uuid>,
);

/// Who had a lead, the latest first; at most a thousand.
pub fn list_of_lead(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Vec<AssignmentRecord>> {
    let rows: Vec<Row> = assignments::table
        .filter(assignments::workspace_id.eq(conn.workspace_id()))
        .filter(assignments::lead_id.eq(lead_id))
        .order(assignments::id.desc())
        .limit(1000)
        .select((
            assignments::id,
            assignments::lead_id,
            assignments::user_id,
            assignments::state,
            assignments::given_at,
            assignments::accepted_at,
            assignments::ended_at,
            assignments::reason,
            assignments::decision_id,
        ))
        .load(conn.pg())?;
    rows.into_iter()
        .map(
            |(
                id,
                lead_id,
                user_id,
                state,
                given_at,
                accepted_at,
                ended_at,
                reason,
                decision_id,
            )| {
                Ok(AssignmentRecord {
                    id,
                    lead_id,
                    assignment: Assignment {
                        user_id,
                        state: serde_json::from_value(json!(state)).map_err(Error::internal)?,
                        given_at,
                        accept_by: None,
                        accepted_at,
                        take_back_after_idle_hours: None,
                        ended_at,
                        reason,
                    },
                    decision_id,
                })
            },
        )
        .collect()
}

/// Writes how an assignment ended.
pub fn update(conn: &mut TenantConnection, record: &AssignmentRecord) -> Result<()> {
    diesel::update(assignments::table)
        .filter(assignments::workspace_id.eq(conn.workspace_id()))
        .filter(assignments::id.eq(record.id))
        .set((
            assignments::state.eq(name(record.assignment.state)),
            assignments::accepted_at.eq(record.assignment.accepted_at),
            assignments::ended_at.eq(record.assignment.ended_at),
            assignments::reason.eq(&record.assignment.reason),
        ))
        .execute(conn.pg())?;
    Ok(())
}
