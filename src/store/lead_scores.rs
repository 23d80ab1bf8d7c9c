//! Ledgers of scores, one a lead. Who writes one has the lead locked.

use crate::domain::scoring::ScoreRecord;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::lead_scores;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Json as SqlJson, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        model: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        model_version: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        ledger: Vec<Json> => Array<SqlJson>,
        next_change_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        verdict_changes_at: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
        is_stale: Vec<bool> => Array<Bool>,
    }
    "INSERT INTO lead_scores (workspace_id, lead_id, model, model_version, ledger, next_change_at, verdict_changes_at, is_stale) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::text[], ?::bigint[], ?::json[], ?::timestamptz[], ?::timestamptz[], ?::bool[]) c \
     ON CONFLICT (workspace_id, lead_id) DO UPDATE SET model = excluded.model, model_version = excluded.model_version, \
       ledger = excluded.ledger, next_change_at = excluded.next_change_at, verdict_changes_at = excluded.verdict_changes_at, is_stale = excluded.is_stale"
}

statement! {
    Wake { at: DateTime<Utc> => Timestamptz, workspace_id: Uuid => SqlUuid, lead_id: Uuid => SqlUuid }
    "UPDATE lead_scores SET next_change_at = least(next_change_at, ?) WHERE workspace_id = ? AND lead_id = ?"
}

/// The rows, ready to be written; those that are there become these.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    records: &'a [&'a ScoreRecord],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        lead_id: records.iter().map(|one| one.lead_id).collect(),
        model: records.iter().map(|one| one.model.as_deref()).collect(),
        model_version: records.iter().map(|one| one.model_version).collect(),
        ledger: records
            .iter()
            .map(|one| Json::lean(&one.ledger))
            .collect::<Result<_>>()?,
        next_change_at: records.iter().map(|one| one.next_change_at).collect(),
        verdict_changes_at: records.iter().map(|one| one.verdict_changes_at).collect(),
        is_stale: records.iter().map(|one| one.is_stale).collect(),
        rows: std::marker::PhantomData,
    })
}

/// Writes ledgers, of each lead one at most.
pub fn write_all(conn: &mut TenantConnection, records: &[&ScoreRecord]) -> Result<()> {
    if !records.is_empty() {
        insertion(conn.workspace_id(), records)?.execute(conn.pg())?;
    }
    Ok(())
}

/// A lead is to be looked at again at that moment, or sooner.
pub fn wake(conn: &mut TenantConnection, lead_id: Uuid, at: DateTime<Utc>) -> Result<()> {
    Wake {
        at: &at,
        workspace_id: &conn.workspace_id(),
        lead_id: &lead_id,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// Other activities and answers belong to leads than before: they are qualified and scored from nothing soon.
pub fn make_stale(conn: &mut TenantConnection, leads: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    diesel::update(lead_scores::table)
        .filter(lead_scores::workspace_id.eq(conn.workspace_id()))
        .filter(lead_scores::lead_id.eq_any(leads))
        .set((
            lead_scores::is_stale.eq(true),
            lead_scores::next_change_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

type Row = (
    Uuid,
    Option<String>,
    Option<i64>,
    Value,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    bool,
);

/// The ledgers of leads, in any order; of a lead that was never scored there is none.
pub fn list_of_leads(conn: &mut TenantConnection, leads: &[Uuid]) -> Result<Vec<ScoreRecord>> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = lead_scores::table
        .filter(lead_scores::workspace_id.eq(conn.workspace_id()))
        .filter(lead_scores::lead_id.eq_any(leads))
        .select((
            lead_scores::lead_id,
            lead_scores::model,
            lead_scores::model_version,
            lead_scores::ledger,
            lead_scores::next_change_at,
            lead_scores::verdict_changes_at,
            lead_scores::is_stale,
        ))
        .load(conn.pg())?;
    rows.into_iter()
        .map(|row| {
            let (
                lead_id,
                model,
                model_version,
                ledger,
                next_change_at,
                verdict_changes_at,
                is_stale,
            ) = row;
            Ok(ScoreRecord {
                lead_id,
                model,
                model_version,
                ledger: serde_json::from_value(ledger).map_err(Error::internal)?,
                next_change_at,
                verdict_changes_at,
                is_stale,
            })
        })
        .collect()
}
