//! Submissions: every inbound request, raw.

use crate::domain::submission::{Door, Submission, SubmissionState};
use crate::error::{Conflict, Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::submissions;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, Bool, Bytea, Json as SqlJson, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        received_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        state: Vec<&'a str> => Array<Text>,
        reason: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        door: Vec<&'a str> => Array<Text>,
        form_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        source: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        channel: Vec<&'a str> => Array<Text>,
        actor: Vec<Json> => Array<SqlJson>,
        content_type: Vec<&'a str> => Array<Text>,
        body: Vec<&'a [u8]> => Array<Bytea>,
        context: Vec<Json> => Array<SqlJson>,
        lead_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        said: Vec<Option<&'a [u8]>> => Array<Nullable<Bytea>>,
    }
    "INSERT INTO submissions (workspace_id, id, received_at, state, reason, door, form_id, source, channel, actor, content_type, body, context, lead_id, said) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::uuid[], \
       ?::text[], ?::text[], ?::json[], ?::text[], ?::bytea[], ?::json[], ?::uuid[], ?::bytea[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [&'a Submission],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: new.iter().map(|submission| submission.id).collect(),
        received_at: new
            .iter()
            .map(|submission| submission.received_at)
            .collect(),
        state: new
            .iter()
            .map(|submission| submission.state.as_str())
            .collect(),
        reason: new
            .iter()
            .map(|submission| submission.reason.as_deref())
            .collect(),
        door: new
            .iter()
            .map(|submission| submission.door.as_str())
            .collect(),
        form_id: new.iter().map(|submission| submission.form_id).collect(),
        source: new
            .iter()
            .map(|submission| submission.source.as_deref())
            .collect(),
        channel: new
            .iter()
            .map(|submission| submission.channel.as_str())
            .collect(),
        actor: Json::column(new, |submission| &submission.actor)?,
        content_type: new
            .iter()
            .map(|submission| submission.content_type.as_str())
            .collect(),
        body: new
            .iter()
            .map(|submission| submission.body.as_slice())
            .collect(),
        context: Json::column(new, |submission| &submission.context)?,
        lead_id: new.iter().map(|submission| submission.lead_id).collect(),
        said: new
            .iter()
            .map(|submission| submission.said.as_ref().map(|said| said.as_slice()))
            .collect(),
        rows: std::marker::PhantomData,
    })
}

/// Keeps submissions.
pub fn insert_all(conn: &mut TenantConnection, new: &[&Submission]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    insertion(conn.workspace_id(), new)?.execute(conn.pg())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = submissions, check_for_backend(diesel::pg::Pg))]
struct SubmissionRow {
    id: Uuid,
    received_at: DateTime<Utc>,
    state: String,
    reason: Option<String>,
    door: String,
    form_id: Option<Uuid>,
    source: Option<String>,
    channel: String,
    actor: Value,
    content_type: String,
    body: Vec<u8>,
    context: Value,
    lead_id: Option<Uuid>,
    said: Option<Vec<u8>>,
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = Error;

    fn try_from(row: SubmissionRow) -> Result<Submission> {
        Ok(Submission {
            id: row.id,
            received_at: row.received_at,
            state: SubmissionState::from_name(&row.state)
                .ok_or_else(|| Error::internal(format!("unknown state {}", row.state)))?,
            reason: row.reason,
            door: Door::from_name(&row.door)
                .ok_or_else(|| Error::internal(format!("unknown door {}", row.door)))?,
            form_id: row.form_id,
            source: row.source,
            channel: row.channel,
            actor: serde_json::from_value(row.actor).map_err(Error::internal)?,
            content_type: row.content_type,
            body: row.body,
            context: serde_json::from_value(row.context).map_err(Error::internal)?,
            lead_id: row.lead_id,
            said: row.said.and_then(|said| said.try_into().ok()),
        })
    }
}

/// The first receipts of what tests said, by the lead and what was said; what was never said is left out.
pub fn find_said(
    conn: &mut TenantConnection,
    said: &[(Uuid, [u8; 32])],
) -> Result<HashMap<(Uuid, [u8; 32]), Uuid>> {
    if said.is_empty() {
        return Ok(HashMap::new());
    }
    let leads = said.iter().map(|(lead_id, _)| *lead_id);
    let hashes = said.iter().map(|(_, hash)| hash.as_slice());
    type Row = (Uuid, Option<Uuid>, Option<Vec<u8>>);
    let rows: Vec<Row> = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::lead_id.eq_any(leads))
        .filter(submissions::said.eq_any(hashes))
        .order(submissions::id.desc())
        .select((submissions::id, submissions::lead_id, submissions::said))
        .load(conn.pg())?;
    let read = |(id, lead_id, said): Row| Some(((lead_id?, said?.try_into().ok()?), id));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// A submission by its receipt.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Submission> {
    let row: Option<SubmissionRow> = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::id.eq(id))
        .select(SubmissionRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("submission", id))?
        .try_into()
}

/// A submission in quarantine, locked until the end of the transaction.
///
/// # Errors
/// A conflict when it is not, or no longer, in quarantine.
pub fn lock_quarantined(conn: &mut TenantConnection, id: Uuid) -> Result<Submission> {
    let row: Option<SubmissionRow> = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::id.eq(id))
        .for_update()
        .select(SubmissionRow::as_select())
        .first(conn.pg())
        .optional()?;
    let submission: Submission = row
        .ok_or_else(|| Error::not_found("submission", id))?
        .try_into()?;
    match submission.state {
        SubmissionState::Quarantined => Ok(submission),
        other => Err(Conflict::SubmissionState {
            state: other.as_str().to_owned(),
        }
        .into()),
    }
}

/// Says what became of a submission.
pub fn set_state(
    conn: &mut TenantConnection,
    id: Uuid,
    state: SubmissionState,
    reason: Option<&str>,
    lead_id: Option<Uuid>,
) -> Result<()> {
    diesel::update(submissions::table)
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::id.eq(id))
        .set((
            submissions::state.eq(state.as_str()),
            submissions::reason.eq(reason),
            submissions::lead_id.eq(lead_id),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The submission that a lead began with, as far as it is still kept: the last one received before the lead was made.
pub fn find_first_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
) -> Result<Option<Submission>> {
    let row: Option<SubmissionRow> = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::lead_id.eq(lead_id))
        .filter(submissions::id.lt(lead_id))
        .order(submissions::id.desc())
        .select(SubmissionRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Submission::try_from).transpose()
}

/// Named in the text, as by the index of such submissions.
fn is_remarkable() -> SqlLiteral<Bool> {
    sql("submissions.state <> 'processed'")
}

/// Submissions, newest first, older than `before`.
pub fn list(
    conn: &mut TenantConnection,
    state: Option<SubmissionState>,
    lead_id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Submission>> {
    let mut query = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .order(submissions::id.desc())
        .limit(limit)
        .select(SubmissionRow::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(submissions::state.eq(state.as_str()));
        if state != SubmissionState::Processed {
            query = query.filter(is_remarkable());
        }
    }
    if let Some(lead_id) = lead_id {
        query = query.filter(submissions::lead_id.eq(lead_id));
    }
    if let Some(before) = before {
        query = query.filter(submissions::id.lt(before));
    }
    let rows: Vec<SubmissionRow> = query.load(conn.pg())?;
    rows.into_iter().map(Submission::try_from).collect()
}

/// How many submissions of the workspace are in quarantine, and when the newest came; `None` when there are none.
pub fn count_quarantined(conn: &mut TenantConnection) -> Result<Option<(i64, DateTime<Utc>)>> {
    use diesel::dsl::{count_star, max};
    let (count, newest): (i64, Option<DateTime<Utc>>) = submissions::table
        .filter(submissions::workspace_id.eq(conn.workspace_id()))
        .filter(submissions::state.eq(SubmissionState::Quarantined.as_str()))
        .filter(is_remarkable())
        .select((count_star(), max(submissions::received_at)))
        .first(conn.pg())?;
    Ok(newest.map(|newest| (count, newest)))
}
