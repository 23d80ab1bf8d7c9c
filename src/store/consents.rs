//! The ledger of consents: rows are added, never changed (promise P11).

use crate::domain::capture::Consent;
use crate::domain::consent::ConsentRecord;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::schema::consents;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        channel: Vec<&'a str> => Array<Text>,
        purpose: Vec<&'a str> => Array<Text>,
        granted: Vec<bool> => Array<Bool>,
        text: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        source: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        submission_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        created_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
    }
    "INSERT INTO consents (workspace_id, id, lead_id, channel, purpose, granted, text, source, submission_id, occurred_at, created_at) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::bool[], ?::text[], ?::text[], \
       ?::uuid[], ?::timestamptz[], ?::timestamptz[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [ConsentRecord],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: new.iter().map(|record| record.id).collect(),
        lead_id: new.iter().map(|record| record.lead_id).collect(),
        channel: new
            .iter()
            .map(|record| record.consent.channel.as_str())
            .collect(),
        purpose: new
            .iter()
            .map(|record| record.consent.purpose.as_str())
            .collect(),
        granted: new.iter().map(|record| record.consent.granted).collect(),
        text: new
            .iter()
            .map(|record| record.consent.text.as_deref())
            .collect(),
        source: new.iter().map(|record| record.source.as_deref()).collect(),
        submission_id: new.iter().map(|record| record.submission_id).collect(),
        occurred_at: new.iter().map(|record| record.occurred_at).collect(),
        created_at: new.iter().map(|record| record.created_at).collect(),
        rows: std::marker::PhantomData,
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = consents, check_for_backend(diesel::pg::Pg))]
struct ConsentRow {
    id: Uuid,
    lead_id: Uuid,
    channel: String,
    purpose: String,
    granted: bool,
    text: Option<String>,
    source: Option<String>,
    submission_id: Option<Uuid>,
    occurred_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl From<ConsentRow> for ConsentRecord {
    fn from(row: ConsentRow) -> Self {
        ConsentRecord {
            id: row.id,
            lead_id: row.lead_id,
            consent: Consent {
                channel: row.channel,
                purpose: row.purpose,
                granted: row.granted,
                text: row.text,
            },
            source: row.source,
            submission_id: row.submission_id,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
        }
    }
}

/// Adds lines.
pub fn insert_all(conn: &mut TenantConnection, new: &[ConsentRecord]) -> Result<()> {
    if !new.is_empty() {
        insertion(conn.workspace_id(), new)?.execute(conn.pg())?;
    }
    Ok(())
}

/// Takes lines out that were no statement of a person.
pub fn remove(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<()> {
    diesel::delete(consents::table)
        .filter(consents::workspace_id.eq(conn.workspace_id()))
        .filter(consents::id.eq_any(ids))
        .execute(conn.pg())?;
    Ok(())
}

/// Of each of these leads, and each channel and purpose, the line that counts: the latest.
pub fn list_standing(conn: &mut TenantConnection, leads: &[Uuid]) -> Result<Vec<ConsentRecord>> {
    let rows: Vec<ConsentRow> = consents::table
        .filter(consents::workspace_id.eq(conn.workspace_id()))
        .filter(consents::lead_id.eq_any(leads))
        .distinct_on((consents::lead_id, consents::channel, consents::purpose))
        .order((
            consents::lead_id,
            consents::channel,
            consents::purpose,
            consents::id.desc(),
        ))
        .select(ConsentRow::as_select())
        .load(conn.pg())?;
    Ok(rows.into_iter().map(ConsentRecord::from).collect())
}

/// What a lead agreed to and refused, newest first, older than `before`.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ConsentRecord>> {
    let mut query = consents::table
        .filter(consents::workspace_id.eq(conn.workspace_id()))
        .filter(consents::lead_id.eq(lead_id))
        .order(consents::id.desc())
        .limit(limit)
        .select(ConsentRow::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(consents::id.lt(before));
    }
    let rows: Vec<ConsentRow> = query.load(conn.pg())?;
    Ok(rows.into_iter().map(ConsentRecord::from).collect())
}
