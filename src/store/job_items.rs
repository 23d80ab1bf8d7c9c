//! What became of each lead of a job.

use crate::domain::job::{Item, Outcome};
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::{Db, TenantConnection};
use crate::store::schema::job_items;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

statement! {
    Insert {
        workspace_id: Uuid => SqlUuid,
        job_id: Uuid => SqlUuid,
        lead_ids: [Uuid] => Array<SqlUuid>,
        outcomes: [&'a str] => Array<Text>,
        problems: [Option<Json>] => Array<Nullable<Jsonb>>,
    }
    "INSERT INTO job_items (workspace_id, job_id, lead_id, outcome, problem) \
     SELECT w.id, w.job_id, c.lead_id, c.outcome, c.problem \
     FROM (SELECT ?::uuid AS id, ?::uuid AS job_id) w, unnest(?::uuid[], ?::text[], ?::jsonb[]) AS c (lead_id, outcome, problem)"
}

/// Adds what became of leads. One that is there already fails the transaction: no lead is done twice.
pub fn insert_all(conn: &mut TenantConnection, job_id: Uuid, items: &[Item]) -> Result<()> {
    let workspace_id = conn.workspace_id();
    let lead_ids: Vec<Uuid> = items.iter().map(|item| item.lead_id).collect();
    let outcomes: Vec<&str> = items.iter().map(|item| item.outcome.as_str()).collect();
    let problems: Vec<Option<Json>> = items
        .iter()
        .map(|item| item.problem.as_ref().map(Json::of).transpose())
        .collect::<Result<_>>()?;
    Insert {
        workspace_id: &workspace_id,
        job_id: &job_id,
        lead_ids: &lead_ids,
        outcomes: &outcomes,
        problems: &problems,
    }
    .execute(conn.pg())?;
    Ok(())
}

/// What became of leads, in the order of their ids, after one.
pub fn list(
    conn: &mut TenantConnection,
    job_id: Uuid,
    outcome: Option<Outcome>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Item>> {
    let mut query = job_items::table
        .filter(job_items::workspace_id.eq(conn.workspace_id()))
        .filter(job_items::job_id.eq(job_id))
        .order(job_items::lead_id)
        .limit(limit)
        .select((job_items::lead_id, job_items::outcome, job_items::problem))
        .into_boxed();
    if let Some(outcome) = outcome {
        query = query.filter(job_items::outcome.eq(outcome.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(job_items::lead_id.gt(after));
    }
    let rows: Vec<(Uuid, String, Option<Value>)> = query.load(conn.pg())?;
    rows.into_iter()
        .map(|(lead_id, outcome, problem)| {
            let outcome = Outcome::from_name(&outcome)
                .ok_or_else(|| Error::internal("an unknown outcome"))?;
            Ok(Item {
                lead_id,
                outcome,
                problem,
            })
        })
        .collect()
}

/// Forgets up to `limit` results of jobs that ended before a moment; the answer is how many. Asks as the owner of the
/// tables, for all workspaces.
pub fn forget_ended(db: &Db, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM job_items i USING (SELECT o.workspace_id, o.job_id, o.lead_id FROM jobs j \
           JOIN job_items o ON o.workspace_id = j.workspace_id AND o.job_id = j.id WHERE j.finished_at < $1 LIMIT $2) old \
         WHERE i.workspace_id = old.workspace_id AND i.job_id = old.job_id AND i.lead_id = old.lead_id",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(limit)
    .execute(&mut db.owner()?)?)
}
