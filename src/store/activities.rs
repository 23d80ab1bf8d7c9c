//! Activities of leads.

use crate::domain::activity::{Activity, ActivityFilter, Direction};
use crate::domain::ids::time_of;
use crate::domain::lead::Lead;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::activities;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
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
    direction: Option<String>,
    outcome: Option<String>,
    duration_seconds: Option<i64>,
    subject: Option<String>,
    body: Option<String>,
    version: Option<i64>,
}

impl TryFrom<ActivityRow> for Activity {
    type Error = Error;

    fn try_from(row: ActivityRow) -> Result<Activity> {
        let direction = row.direction.as_deref().map(|name| {
            Direction::from_name(name)
                .ok_or_else(|| Error::internal(format!("unknown direction {name}")))
        });
        Ok(Activity {
            id: row.id,
            lead_id: row.lead_id,
            kind: row.kind,
            occurred_at: row.occurred_at,
            created_at: row.created_at,
            direction: direction.transpose()?,
            outcome: row.outcome,
            duration_seconds: row.duration_seconds,
            subject: row.subject,
            body: row.body,
            source: row.source,
            channel: row.channel,
            submission_id: row.submission_id,
            actor: serde_json::from_value(row.actor).map_err(Error::internal)?,
            attribution: serde_json::from_value(row.attribution).map_err(Error::internal)?,
            properties: serde_json::from_value(row.properties).map_err(Error::internal)?,
            is_test: row.is_test,
            version: row.version.unwrap_or(1),
        })
    }
}

/// Adds one with all that it may have; captures write theirs by [`insertion`].
pub fn insert(conn: &mut TenantConnection, new: &Activity) -> Result<()> {
    diesel::insert_into(activities::table)
        .values((
            (
                activities::workspace_id.eq(conn.workspace_id()),
                activities::id.eq(new.id),
                activities::lead_id.eq(new.lead_id),
                activities::kind.eq(&new.kind),
                activities::occurred_at.eq(new.occurred_at),
                activities::created_at.eq(new.created_at),
                activities::source.eq(&new.source),
                activities::channel.eq(&new.channel),
                activities::submission_id.eq(new.submission_id),
                activities::actor.eq(Json::of(&new.actor)?),
                activities::attribution.eq(Json::of(&new.attribution)?),
            ),
            activities::properties.eq(Json::of(&new.properties)?),
            activities::is_test.eq(new.is_test),
            activities::direction.eq(new.direction.map(Direction::as_str)),
            activities::outcome.eq(&new.outcome),
            activities::duration_seconds.eq(new.duration_seconds),
            activities::subject.eq(&new.subject),
            activities::body.eq(&new.body),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Writes corrected details.
pub fn update(conn: &mut TenantConnection, corrected: &Activity) -> Result<()> {
    diesel::update(activities::table)
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::id.eq(corrected.id))
        .filter(activities::created_at.eq(corrected.created_at))
        .set((
            activities::direction.eq(corrected.direction.map(Direction::as_str)),
            activities::outcome.eq(&corrected.outcome),
            activities::duration_seconds.eq(corrected.duration_seconds),
            activities::subject.eq(&corrected.subject),
            activities::body.eq(&corrected.body),
            activities::properties.eq(Json::of(&corrected.properties)?),
            activities::version.eq(corrected.version),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Lets one be shown no longer.
pub fn mark_deleted(
    conn: &mut TenantConnection,
    deleted: &Activity,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(activities::table)
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::id.eq(deleted.id))
        .filter(activities::created_at.eq(deleted.created_at))
        .set(activities::deleted_at.eq(now))
        .execute(conn.pg())?;
    Ok(())
}

/// An activity that is not deleted. Its id says in which partition it is.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Activity> {
    find(conn, id)?.ok_or_else(|| Error::not_found("activity", id))
}

/// An activity, if there is such a one.
pub fn find(conn: &mut TenantConnection, id: Uuid) -> Result<Option<Activity>> {
    let row: Option<ActivityRow> = activities::table
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::id.eq(id))
        .filter(activities::created_at.eq(time_of(id)))
        .filter(activities::deleted_at.is_null())
        .select(ActivityRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Activity::try_from).transpose()
}

/// When the lead's latest activity was; a test is none of a lead in earnest.
pub fn find_latest_of_lead(
    conn: &mut TenantConnection,
    lead: &Lead,
) -> Result<Option<DateTime<Utc>>> {
    Ok(activities::table
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::lead_id.eq(lead.id))
        .filter(activities::deleted_at.is_null())
        .filter(activities::is_test.eq_any([false, lead.is_test]))
        .order((activities::occurred_at.desc(), activities::id.desc()))
        .select(activities::occurred_at)
        .first(conn.pg())
        .optional()?)
}

/// Activities of a lead as far as they were known at a moment, `last` being the latest of them: also those that were
/// deleted since, and with the corrections since.
pub fn list_until(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    last: Uuid,
    at: DateTime<Utc>,
) -> Result<Vec<Activity>> {
    let was_there = activities::deleted_at
        .is_null()
        .or(activities::deleted_at.gt(at));
    let rows: Vec<ActivityRow> = activities::table
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::lead_id.eq(lead_id))
        .filter(activities::id.le(last))
        .filter(was_there)
        .order((activities::occurred_at.desc(), activities::id.desc()))
        .select(ActivityRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Activity::try_from).collect()
}

/// Activities of a lead, newest first, older than `before`.
///
/// The bound is a comparison of rows: only that is a condition of the index at any depth.
pub fn list_of_lead(
    conn: &mut TenantConnection,
    lead_id: Uuid,
    filter: &ActivityFilter,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Activity>> {
    let mut query = activities::table
        .filter(activities::workspace_id.eq(conn.workspace_id()))
        .filter(activities::lead_id.eq(lead_id))
        .filter(activities::deleted_at.is_null())
        .order((activities::occurred_at.desc(), activities::id.desc()))
        .limit(limit)
        .select(ActivityRow::as_select())
        .into_boxed();
    if let Some((occurred_at, id)) = before {
        let earlier = sql::<Bool>("(activities.occurred_at, activities.id) < (")
            .bind::<Timestamptz, _>(occurred_at)
            .sql(", ")
            .bind::<SqlUuid, _>(id)
            .sql(")");
        query = query.filter(earlier);
    }
    if !filter.kinds.is_empty() {
        query = query.filter(activities::kind.eq_any(&filter.kinds));
    }
    if let Some(direction) = filter.direction {
        query = query.filter(activities::direction.eq(direction.as_str()));
    }
    if let Some(from) = filter.from {
        query = query.filter(activities::occurred_at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(activities::occurred_at.lt(to));
    }
    let rows: Vec<ActivityRow> = query.load(conn.pg())?;
    rows.into_iter().map(Activity::try_from).collect()
}
