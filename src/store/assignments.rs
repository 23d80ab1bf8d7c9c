//! Assignments: who had a lead, from when to when.

use crate::domain::assignment::{Assignment, AssignmentState};
use crate::domain::decision::AssignmentRecord;
use crate::error::{Error, Result};
use crate::store::pool::TenantConnection;
use crate::store::schema::{assignments, leads};
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
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
        accept_by: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        take_back_after_idle_hours: Vec<Option<i32>> => Array<Nullable<Integer>>,
        next_look_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
    }
    "INSERT INTO assignments (workspace_id, id, lead_id, user_id, state, given_at, accepted_at, decision_id, accept_by, take_back_after_idle_hours, next_look_at) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, \
       unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::uuid[], ?::timestamptz[], ?::integer[], ?::timestamptz[]) c"
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
        accept_by: new.iter().map(|one| one.assignment.accept_by).collect(),
        take_back_after_idle_hours: new.iter().map(|one| hours(&one.assignment)).collect(),
        next_look_at: new.iter().map(|one| one.assignment.look_at(None)).collect(),
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

fn hours(assignment: &Assignment) -> Option<i32> {
    assignment.take_back_after_idle_hours?.try_into().ok()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = assignments, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    lead_id: Uuid,
    user_id: Uuid,
    state: String,
    given_at: DateTime<Utc>,
    accept_by: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
    take_back_after_idle_hours: Option<i32>,
    ended_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    decision_id: Option<Uuid>,
}

impl TryFrom<Row> for AssignmentRecord {
    type Error = Error;

    fn try_from(row: Row) -> Result<AssignmentRecord> {
        let hours = row.take_back_after_idle_hours;
        Ok(AssignmentRecord {
            id: row.id,
            lead_id: row.lead_id,
            assignment: Assignment {
                user_id: row.user_id,
                state: serde_json::from_value(json!(row.state)).map_err(Error::internal)?,
                given_at: row.given_at,
                accept_by: row.accept_by,
                accepted_at: row.accepted_at,
                take_back_after_idle_hours: hours.and_then(|hours| hours.try_into().ok()),
                ended_at: row.ended_at,
                reason: row.reason,
            },
            decision_id: row.decision_id,
        })
    }
}

/// Who had a lead, the latest first; at most a thousand.
pub fn list_of_lead(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Vec<AssignmentRecord>> {
    let rows: Vec<Row> = assignments::table
        .filter(assignments::workspace_id.eq(conn.workspace_id()))
        .filter(assignments::lead_id.eq(lead_id))
        .order(assignments::id.desc())
        .limit(1000)
        .select(Row::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(AssignmentRecord::try_from).collect()
}

/// Writes how an assignment goes on, or how it ended.
pub fn update(conn: &mut TenantConnection, record: &AssignmentRecord) -> Result<()> {
    diesel::update(assignments::table)
        .filter(assignments::workspace_id.eq(conn.workspace_id()))
        .filter(assignments::id.eq(record.id))
        .set((
            assignments::state.eq(name(record.assignment.state)),
            assignments::accepted_at.eq(record.assignment.accepted_at),
            assignments::ended_at.eq(record.assignment.ended_at),
            assignments::reason.eq(&record.assignment.reason),
            assignments::next_look_at.eq(record.assignment.look_at(None)),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Puts off when a worker looks at an assignment.
pub fn look_later(conn: &mut TenantConnection, id: Uuid, at: Option<DateTime<Utc>>) -> Result<()> {
    diesel::update(assignments::table)
        .filter(assignments::workspace_id.eq(conn.workspace_id()))
        .filter(assignments::id.eq(id))
        .set(assignments::next_look_at.eq(at))
        .execute(conn.pg())?;
    Ok(())
}

/// Some leads of a user that were given to them since a moment, and that they still have.
pub fn list_leads_given_since(
    conn: &mut TenantConnection,
    user_id: Uuid,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let workspace_id = conn.workspace_id();
    let given = assignments::table
        .filter(assignments::workspace_id.eq(workspace_id))
        .filter(assignments::lead_id.eq(leads::id))
        .filter(assignments::user_id.eq(user_id))
        .filter(assignments::given_at.ge(since))
        .filter(assignments::ended_at.is_null());
    Ok(leads::table
        .filter(leads::workspace_id.eq(workspace_id))
        .filter(leads::owner_id.eq(user_id))
        .filter(exists(given))
        .order(leads::id)
        .limit(limit)
        .select(leads::id)
        .load(conn.pg())?)
}
