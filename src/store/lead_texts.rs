//! What searches find leads by.

use crate::domain::lead_fields::LeadFields;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::leads;
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

/// The lead with the greatest id, also a deleted one.
pub fn find_latest_lead_id(conn: &mut TenantConnection) -> Result<Option<Uuid>> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .order(leads::id.desc())
        .select(leads::id)
        .first(conn.pg())
        .optional()?)
}

/// Leads in the order of their ids, also deleted ones, behind `after` and up to `until`.
pub fn list_lead_ids(
    conn: &mut TenantConnection,
    after: Option<Uuid>,
    until: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.gt(after.unwrap_or(Uuid::nil())))
        .filter(leads::id.le(until.unwrap_or(Uuid::max())))
        .order(leads::id)
        .limit(limit)
        .select(leads::id);
    Ok(query.load(conn.pg())?)
}

/// Of these leads, the fields that are searched.
pub fn read_fields(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, LeadFields)>> {
    type Name = Option<String>;
    let rows: Vec<(Uuid, Name, Name, Name, Name, Name, Name)> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .select((
            leads::id,
            leads::first_name,
            leads::last_name,
            leads::company,
            leads::email,
            leads::phone,
            leads::mobile_phone,
        ))
        .load(conn.pg())?;
    let fields = |(id, first_name, last_name, company, email, phone, mobile_phone)| {
        let fields = LeadFields {
            first_name,
            last_name,
            company,
            email,
            phone,
            mobile_phone,
            ..LeadFields::default()
        };
        (id, fields)
    };
    Ok(rows.into_iter().map(fields).collect())
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
