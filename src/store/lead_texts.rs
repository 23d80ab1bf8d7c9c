//! What searches find leads by.

use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

/// What the index of texts says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These have all the words, and no others.
    Leads(Vec<Uuid>),
    /// More have them than were asked for; so many, roughly.
    TooMany(i64),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    lead_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    estimate: i64,
}

/// The leads that have all the words somewhere in their texts, if about `expected` at most do.
///
/// They may be deleted, or not the caller's to know of: the text is only one of the conditions.
pub fn find(conn: &mut TenantConnection, words: &[String], expected: i64) -> Result<Found> {
    // Estimates are wrong by a factor now and then; by more than this one, and walking is better after all.
    let most = expected.saturating_mul(4);
    let rows: Vec<Row> = diesel::sql_query("SELECT lead_id, estimate FROM find_leads($1, $2, $3)")
        .bind::<Array<Text>, _>(words)
        .bind::<BigInt, _>(expected)
        .bind::<BigInt, _>(most + 1)
        .load(conn.pg())?;
    if let Some(Row {
        lead_id: None,
        estimate,
    }) = rows.first()
    {
        return Ok(Found::TooMany(*estimate));
    }
    if i64::try_from(rows.len()).is_ok_and(|found| found > most) {
        return Ok(Found::TooMany(most));
    }
    Ok(Found::Leads(
        rows.into_iter().filter_map(|row| row.lead_id).collect(),
    ))
}

statement! {
    Write { workspace_id: Uuid => SqlUuid, lead_ids: Vec<Uuid> => Array<SqlUuid>, texts: Vec<String> => Array<Text> }
    "INSERT INTO lead_texts (workspace_id, lead_id, text) \
     SELECT w.id, c.lead_id, c.text FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::text[]) AS c (lead_id, text) \
     ON CONFLICT (workspace_id, lead_id) DO UPDATE SET text = excluded.text WHERE lead_texts.text <> excluded.text"
}

/// Writes the texts of leads, each lead once; a text that is the same stays untouched.
pub fn write(conn: &mut TenantConnection, mut texts: Vec<(Uuid, String)>) -> Result<usize> {
    // In one order, so that no two writers wait for each other.
    texts.sort_unstable();
    let workspace_id = conn.workspace_id();
    let (lead_ids, texts) = texts.into_iter().unzip();
    let write = Write {
        workspace_id: &workspace_id,
        lead_ids: &lead_ids,
        texts: &texts,
    };
    Ok(write.execute(conn.pg())?)
}
