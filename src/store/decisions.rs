//! The ledger of decisions: rows are added, never changed.

use crate::domain::decision::{Decision, Finding};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::routed_rows;
use crate::store::schema::decisions;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Json as SqlJson, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::{Value, json};
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        rules: Vec<Json> => Array<SqlJson>,
        result: Vec<Json> => Array<SqlJson>,
        created_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        basis: Vec<Json> => Array<SqlJson>,
        duration_microseconds: Vec<Option<i64>> => Array<Nullable<BigInt>>,
    }
    "INSERT INTO decisions (workspace_id, id, lead_id, kind, rules, result, created_at, basis, duration_microseconds) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, \
       unnest(?::uuid[], ?::uuid[], ?::text[], ?::json[], ?::json[], ?::timestamptz[], ?::json[], ?::bigint[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [&'a Decision],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: new.iter().map(|one| one.id).collect(),
        lead_id: new.iter().map(|one| one.lead_id).collect(),
        kind: new.iter().map(|one| one.finding.kind()).collect(),
        rules: new
            .iter()
            .map(|one| Json::lean(&one.rules))
            .collect::<Result<_>>()?,
        result: new
            .iter()
            .map(|one| match &one.finding {
                Finding::Routing(routed) => routed_rows::write(routed),
                Finding::Clocks(clocks) => Json::lean(clocks),
                Finding::Qualification(qualification) => Json::lean(qualification),
                Finding::Score(score) => Json::lean(score),
            })
            .collect::<Result<_>>()?,
        created_at: new.iter().map(|one| one.created_at).collect(),
        basis: Json::column(new, |one| &one.basis)?,
        duration_microseconds: new.iter().map(|one| one.duration_microseconds).collect(),
        rows: std::marker::PhantomData,
    })
}

/// Adds decisions.
pub fn insert_all(conn: &mut TenantConnection, new: &[&Decision]) -> Result<()> {
    if !new.is_empty() {
        insertion(conn.workspace_id(), new)?.execute(conn.pg())?;
    }
    Ok(())
}

type Row = (
    Uuid,
    Uuid,
    String,
    Value,
    Value,
    DateTime<Utc>,
    Option<Value>,
    Option<i64>,
);

fn read(
    (id, lead_id, kind, rules, result, created_at, basis, duration_microseconds): Row,
) -> Result<Decision> {
    let result = match kind.as_str() {
        "routing" => routed_rows::read(result)?,
        _ => result,
    };
    let finding = json!({"kind": kind, "result": result});
    Ok(Decision {
        id,
        lead_id,
        rules: serde_json::from_value(rules).map_err(Error::internal)?,
        finding: serde_json::from_value(finding).map_err(Error::internal)?,
        created_at,
        basis: basis
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?
            .flatten(),
        duration_microseconds,
    })
}

macro_rules! columns {
    () => {
        (
            decisions::id,
            decisions::lead_id,
            decisions::kind,
            decisions::rules,
            decisions::result,
            decisions::created_at,
            decisions::basis,
            decisions::duration_microseconds,
        )
    };
}

/// Decisions about a lead, newest first, older than `before`.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Decision>> {
    let mut query = decisions::table
        .filter(decisions::workspace_id.eq(conn.workspace_id()))
        .filter(decisions::lead_id.eq(lead_id))
        .order(decisions::id.desc())
        .limit(limit)
        .select(columns!())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(decisions::id.lt(before));
    }
    let rows: Vec<Row> = query.load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

const OF_THE_FIRST_MOMENT: &str = "decisions.basis->>'at' = (SELECT f.basis->>'at' FROM decisions f \
     WHERE f.workspace_id = decisions.workspace_id AND f.lead_id = decisions.lead_id ORDER BY f.id LIMIT 1)";

/// What was decided about leads at the moment of the first decision about each, in order; nothing about those of which the
/// moment was not kept.
pub fn list_first_of_leads(
    conn: &mut TenantConnection,
    lead_ids: &[Uuid],
) -> Result<Vec<Decision>> {
    let rows: Vec<Row> = decisions::table
        .filter(decisions::workspace_id.eq(conn.workspace_id()))
        .filter(decisions::lead_id.eq_any(lead_ids))
        .filter(sql::<Bool>(OF_THE_FIRST_MOMENT))
        .order((decisions::lead_id, decisions::id))
        .select(columns!())
        .load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

/// Decisions by their ids; those that are not there are left out.
pub fn list_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Decision>> {
    let rows: Vec<Row> = decisions::table
        .filter(decisions::workspace_id.eq(conn.workspace_id()))
        .filter(decisions::id.eq_any(ids))
        .order(decisions::id)
        .select(columns!())
        .load(conn.pg())?;
    rows.into_iter().map(read).collect()
}

/// A decision.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Decision> {
    let row: Option<Row> = decisions::table
        .filter(decisions::workspace_id.eq(conn.workspace_id()))
        .filter(decisions::id.eq(id))
        .select(columns!())
        .first(conn.pg())
        .optional()?;
    read(row.ok_or_else(|| Error::not_found("decision", id))?)
}
