//! Activities of leads.

use crate::domain::activity::Activity;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::activities;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        id: Vec<Uuid> => Array<SqlUuid>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
        kind: Vec<&'a str> => Array<Text>,
        occurred_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        created_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
        source: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        channel: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        submission_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        actor: Vec<Json> => Array<Jsonb>,
        attribution: Vec<Json> => Array<Jsonb>,
        properties: Vec<Json> => Array<Jsonb>,
        is_test: Vec<bool> => Array<Bool>,
    }
    "INSERT INTO activities (workspace_id, id, lead_id, type, occurred_at, created_at, source, channel, submission_id, actor, attribution, properties, is_test) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::text[], \
       ?::text[], ?::uuid[], ?::jsonb[], ?::jsonb[], ?::jsonb[], ?::bool[]) c"
}

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &'a [Activity],
) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
        id: new.iter().map(|activity| activity.id).collect(),
        lead_id: new.iter().map(|activity| activity.lead_id).collect(),
        kind: new.iter().map(|activity| activity.kind.as_str()).collect(),
        occurred_at: new.iter().map(|activity| activity.occurred_at).collect(),
        created_at: new.iter().map(|activity| activity.created_at).collect(),
        source: new
            .iter()
            .map(|activity| activity.source.as_deref())
            .collect(),
        channel: new
            .iter()
            .map(|activity| activity.channel.as_deref())
            .collect(),
        submission_id: new.iter().map(|activity| activity.submission_id).collect(),
        actor: Json::column(new, |activity| &activity.actor)?,
        attribution: Json::column(new, |activity| &activity.attribution)?,
        properties: Json::column(new, |activity| &activity.properties)?,
        is_test: new.iter().map(|activity| activity.is_test).collect(),
        rows: std::marker::PhantomData,
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
struct ActivityRow {
    id: Uuid,
    lead_id: Uuid,
    kind: String,
    occurred_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    source: Option<String>,
    channel: Option<String>,
    submission_id: Option<Uuid>,
    actor: Value,
    attribution: Value,
    properties: Value,
    is_test: bool,
}

impl TryFrom<ActivityRow> for Activity {
    type Error = Error;

    fn try_from(row: ActivityRow) -> Result<Activity> {
        Ok(Activity {
            id: row.id,
            lead_id: row.lead_id,
            kind: row.kind,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
            source: row.source,
            channel: row.channel,
            submission_id: row.submission_id,
            actor: serde_json::from_value(row.actor).map_err(Error::internal)?,
            attribution: serde_json::from_value(row.attribution).map_err(Error::internal)?,
            properties: serde_json::from_value(row.properties).map_err(Error::internal)?,
            is_test: row.is_test,
        })
    }
}

/// Activities of a lead, newest first, older than `before`.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Activity>> {
    let mut query = activities::table
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::lead_id.eq(lead_id))
        .order((activities::occurred_at.desc(), activities::id.desc()))
        .limit(limit)
        .select(ActivityRow::as_select())
        .into_boxed();
    if let Some((occurred_at, id)) = before {
        let earlier = activities::occurred_at.lt(occurred_at);
        query = query.filter(
            earlier.or(activities::occurred_at
                .eq(occurred_at)
                .and(activities::id.lt(id))),
        );
    }
    let rows: Vec<ActivityRow> = query.load(conn.pg())?;
    rows.into_iter().map(Activity::try_from).collect()
}
