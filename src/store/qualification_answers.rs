//! Answers of leads: evidence of how far they are qualified. Rows are added, and never changed; beside them stands that they were
//! taken back.

use crate::domain::qualification::{Answer, Withdrawal};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::qualification_answers;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        answer: Vec<Json> => Array<Jsonb>,
    }
    "INSERT INTO qualification_answers (workspace_id, id, lead_id, answer) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[], ?::jsonb[]) c"
}

/// Adds answers, each of its lead.
pub fn insert_all(conn: &mut TenantConnection, new: &[(Uuid, Answer)]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    Insert {
        workspace_id: conn.workspace_id(),
        id: new.iter().map(|(_, answer)| answer.id).collect(),
        lead_id: new.iter().map(|(lead_id, _)| *lead_id).collect(),
        answer: Json::column(new, |(_, answer)| answer)?,
        rows: std::marker::PhantomData,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// Answers of a lead, the latest first; at most a thousand.
pub fn list_of_lead(conn: &mut TenantConnection, lead_id: Uuid) -> Result<Vec<Answer>> {
    let rows: Vec<Row> = qualification_answers::table
        .filter(qualification_answers::workspace_id.eq(conn.workspace_id()))
        .filter(qualification_answers::lead_id.eq(lead_id))
        .order(qualification_answers::id.desc())
        .limit(1000)
        .select((
            qualification_answers::answer,
            qualification_answers::withdrawal,
        ))
        .load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

/// An answer of a lead.
///
/// # Errors
/// [`Error::NotFound`] when the lead has none such.
pub fn get(conn: &mut TenantConnection, lead_id: Uuid, id: Uuid) -> Result<Answer> {
    let row: Option<Row> = qualification_answers::table
        .filter(qualification_answers::workspace_id.eq(conn.workspace_id()))
        .filter(qualification_answers::id.eq(id))
        .filter(qualification_answers::lead_id.eq(lead_id))
        .select((
            qualification_answers::answer,
            qualification_answers::withdrawal,
        ))
        .first(conn.pg())
        .optional()?;
    read(row.ok_or_else(|| Error::not_found("answer", id))?)
}

/// Notes that an answer was taken back.
pub fn withdraw(conn: &mut TenantConnection, id: Uuid, withdrawal: &Withdrawal) -> Result<()> {
    diesel::update(qualification_answers::table)
        .filter(qualification_answers::workspace_id.eq(conn.workspace_id()))
        .filter(qualification_answers::id.eq(id))
        .set(qualification_answers::withdrawal.eq(Json::of(withdrawal)?))
        .execute(conn.pg())?;
    Ok(())
}

/// An answer as it was given, and how it was taken back.
type Row = (Value, Option<Value>);

fn read((answer, withdrawal): Row) -> Result<Answer> {
    let mut answer: Answer = serde_json::from_value(answer).map_err(Error::internal)?;
    if let Some(withdrawal) = withdrawal {
        answer.withdraw(serde_json::from_value(withdrawal).map_err(Error::internal)?);
    }
    Ok(answer)
}
