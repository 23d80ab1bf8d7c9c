//! Leads.

use crate::domain::access::Visibility;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::{LeadFields, for_each_lead_field};
use crate::domain::qualification::Verdict;
use crate::domain::rules::Rules;
use crate::domain::scoring::{Grade, LeadScore};
use crate::domain::stage::StageKind;
use crate::error::{Error, Result};
use crate::store::json::Json;
use crate::store::pool::TenantConnection;
use crate::store::schema::leads;
use crate::store::statement::statement;
use crate::store::{lead_scores, lead_values, match_keys};
use chrono::{DateTime, Utc};
use diesel::dsl::Eq;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Double, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

macro_rules! define_row {
    ({} $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        #[derive(Debug, Queryable, Selectable)]
        #[diesel(table_name = leads, check_for_backend(diesel::pg::Pg))]
        pub(in crate::store) struct LeadRow {
            id: Uuid,
            $($field: Option<$type>,)*
            website_domain: Option<String>,
            source: Option<String>,
            channel: String,
            stage: String,
            custom: Value,
            tags: Value,
            first_attribution: Value,
            last_attribution: Value,
            is_test: bool,
            version: i64,
            captured_at: DateTime<Utc>,
            created_at: DateTime<Utc>,
            updated_at: DateTime<Utc>,
            last_activity_at: DateTime<Utc>,
            deleted_at: Option<DateTime<Utc>>,
            owner_id: Option<Uuid>,
            team_id: Option<Uuid>,
            stage_kind: String,
            stage_changed_at: Option<DateTime<Utc>>,
            disqualify_reason: Option<String>,
            revisit_at: Option<DateTime<Utc>>,
            merged_into: Option<Uuid>,
            queue: Option<String>,
            verdict: Option<String>,
            fit: Option<i64>,
            engagement: Option<f64>,
            engagement_as_of: Option<DateTime<Utc>>,
            engagement_half_life_days: Option<f64>,
            engagement_order: Option<i64>,
            grade: Option<String>,
        }

        impl TryFrom<LeadRow> for Lead {
            type Error = Error;

            fn try_from(row: LeadRow) -> Result<Lead> {
                let score = match (row.fit, row.engagement, row.engagement_as_of, row.engagement_order, row.grade) {
                    (Some(fit), Some(engagement), Some(as_of), Some(engagement_order), Some(grade)) => Some(LeadScore {
                        fit: i32::try_from(fit).map_err(Error::internal)?,
                        engagement,
                        as_of,
                        half_life_days: row.engagement_half_life_days,
                        engagement_order,
                        grade: Grade::try_from(grade).map_err(Error::internal)?,
                    }),
                    _ => None,
                };
                Ok(Lead {
                    id: row.id,
                    fields: LeadFields { $($field: row.$field,)* },
                    website_domain: row.website_domain,
                    custom: serde_json::from_value(row.custom).map_err(Error::internal)?,
                    tags: serde_json::from_value(row.tags).map_err(Error::internal)?,
                    source: row.source,
                    channel: row.channel,
                    stage: row.stage,
                    first_attribution: serde_json::from_value(row.first_attribution).map_err(Error::internal)?,
                    last_attribution: serde_json::from_value(row.last_attribution).map_err(Error::internal)?,
                    is_test: row.is_test,
                    version: row.version,
                    captured_at: row.captured_at,
                    created_at: row.created_at,
                    updated_at: row.updated_at,
                    last_activity_at: row.last_activity_at,
                    deleted_at: row.deleted_at,
                    owner_id: row.owner_id,
                    team_id: row.team_id,
                    stage_kind: StageKind::from_name(&row.stage_kind).ok_or_else(|| Error::internal("a stage of an unknown kind"))?,
                    stage_changed_at: row.stage_changed_at.unwrap_or(row.created_at),
                    disqualify_reason: row.disqualify_reason,
                    revisit_at: row.revisit_at,
                    merged_into: row.merged_into,
                    queue: row.queue,
                    verdict: row.verdict.as_deref().and_then(Verdict::from_name),
                    score,
                })
            }
        }

        statement! {
            owned Insert {
                workspace_id: Uuid => SqlUuid,
                id: Vec<Uuid> => Array<SqlUuid>,
                $($field: Vec<lead_column!(borrowed $kind)> => Array<Nullable<lead_column!(sql $kind)>>,)*
                email_domain: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                website_domain: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                source: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                channel: Vec<&'a str> => Array<Text>,
                stage: Vec<&'a str> => Array<Text>,
                stage_kind: Vec<&'a str> => Array<Text>,
                stage_changed_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
                owner_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
                team_id: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
                queue: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                verdict: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                fit: Vec<Option<i64>> => Array<Nullable<BigInt>>,
                engagement: Vec<Option<f64>> => Array<Nullable<Double>>,
                engagement_as_of: Vec<Option<DateTime<Utc>>> => Array<Nullable<Timestamptz>>,
                engagement_half_life_days: Vec<Option<f64>> => Array<Nullable<Double>>,
                engagement_order: Vec<Option<i64>> => Array<Nullable<BigInt>>,
                grade: Vec<Option<&'a str>> => Array<Nullable<Text>>,
                custom: Vec<Json> => Array<Jsonb>,
                tags: Vec<Json> => Array<Jsonb>,
                first_attribution: Vec<Json> => Array<Jsonb>,
                last_attribution: Vec<Json> => Array<Jsonb>,
                is_test: Vec<bool> => Array<Bool>,
                version: Vec<i64> => Array<BigInt>,
                captured_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
                created_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
                updated_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
                last_activity_at: Vec<DateTime<Utc>> => Array<Timestamptz>,
            }
            concat!(
                "INSERT INTO leads (workspace_id, id, ", $(stringify!($field), ", ",)*
                "email_domain, website_domain, source, channel, stage, stage_kind, stage_changed_at, owner_id, team_id, queue, verdict, fit, engagement, engagement_as_of, engagement_half_life_days, engagement_order, grade, custom, tags, first_attribution, last_attribution, \
                 is_test, version, captured_at, created_at, updated_at, last_activity_at) \
                 SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::uuid[], ", $(lead_column!(array $kind), ", ",)*
                "?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::float8[], ?::timestamptz[], ?::float8[], ?::bigint[], ?::text[], ?::jsonb[], ?::jsonb[], ?::jsonb[], ?::jsonb[], \
                 ?::bool[], ?::bigint[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[]) c"
            )
        }

/// The rows, ready to be written.
pub(in crate::store) fn insertion<'a>(workspace_id: Uuid, new: &'a [&'a Lead],) -> Result<Insert<'a>> {
    Ok(Insert {
        workspace_id,
                id: new.iter().map(|lead| lead.id).collect(),
                $($field: new.iter().map(|lead| lead_column!(borrow $kind lead.fields.$field)).collect(),)*
                email_domain: new.iter().map(|lead| lead.email_domain()).collect(),
                website_domain: new.iter().map(|lead| lead.website_domain.as_deref()).collect(),
                source: new.iter().map(|lead| lead.source.as_deref()).collect(),
                channel: new.iter().map(|lead| lead.channel.as_str()).collect(),
                stage: new.iter().map(|lead| lead.stage.as_str()).collect(),
                stage_kind: new.iter().map(|lead| lead.stage_kind.as_str()).collect(),
                stage_changed_at: new.iter().map(|lead| lead.stage_changed_at).collect(),
                owner_id: new.iter().map(|lead| lead.owner_id).collect(),
                team_id: new.iter().map(|lead| lead.team_id).collect(),
                queue: new.iter().map(|lead| lead.queue.as_deref()).collect(),
                verdict: new.iter().map(|lead| lead.verdict.map(Verdict::as_str)).collect(),
                fit: new.iter().map(|lead| lead.score.map(|score| score.fit.into())).collect(),
                engagement: new.iter().map(|lead| lead.score.map(|score| score.engagement)).collect(),
                engagement_as_of: new.iter().map(|lead| lead.score.map(|score| score.as_of)).collect(),
                engagement_half_life_days: new.iter().map(|lead| lead.score?.half_life_days).collect(),
                engagement_order: new.iter().map(|lead| lead.score.map(|score| score.engagement_order)).collect(),
                grade: new.iter().map(|lead| lead.score.map(|score| score.grade.as_str())).collect(),
                custom: Json::column(new, |lead| &lead.custom)?,
                tags: Json::column(new, |lead| &lead.tags)?,
                first_attribution: Json::column(new, |lead| &lead.first_attribution)?,
                last_attribution: Json::column(new, |lead| &lead.last_attribution)?,
                is_test: new.iter().map(|lead| lead.is_test).collect(),
                version: new.iter().map(|lead| lead.version).collect(),
                captured_at: new.iter().map(|lead| lead.captured_at).collect(),
                created_at: new.iter().map(|lead| lead.created_at).collect(),
                updated_at: new.iter().map(|lead| lead.updated_at).collect(),
                last_activity_at: new.iter().map(|lead| lead.last_activity_at).collect(),
        rows: std::marker::PhantomData,
    })
}


        /// Writes a lead that changed, and what the index of values has of it.
        pub fn update(conn: &mut TenantConnection, before: &Lead, lead: &Lead, rules: &Rules) -> Result<()> {
            if !rules.playbook.models.is_empty() && before.score == lead.score && tells_more(before, lead) {
                lead_scores::wake(conn, lead.id, lead.updated_at)?;
            }
            lead_values::follow(conn, before, lead, rules)?;
            match_keys::follow(conn, before, lead, &rules.settings.matching)?;
            diesel::update(leads::table)
                .filter(leads::workspace_id.eq(conn.workspace_id()))
                .filter(leads::id.eq(lead.id))
                .set((
                    ($(leads::$field.eq(&lead.fields.$field),)*),
                    leads::email_domain.eq(lead.email_domain()),
                    leads::website_domain.eq(&lead.website_domain),
                    leads::source.eq(&lead.source),
                    leads::stage.eq(&lead.stage),
                    (
                        leads::stage_kind.eq(lead.stage_kind.as_str()),
                        leads::stage_changed_at.eq(lead.stage_changed_at),
                        leads::disqualify_reason.eq(&lead.disqualify_reason),
                        leads::revisit_at.eq(lead.revisit_at),
                        leads::owner_id.eq(lead.owner_id),
                        leads::team_id.eq(lead.team_id),
                        leads::merged_into.eq(lead.merged_into),
                        leads::queue.eq(&lead.queue),
                        leads::verdict.eq(lead.verdict.map(Verdict::as_str)),
                    ),
                    score_columns(lead),
                    leads::custom.eq(Json::of(&lead.custom)?),
                    leads::tags.eq(Json::of(&lead.tags)?),
                    leads::first_attribution.eq(Json::of(&lead.first_attribution)?),
                    leads::last_attribution.eq(Json::of(&lead.last_attribution)?),
                    leads::is_test.eq(lead.is_test),
                    leads::version.eq(lead.version),
                    leads::updated_at.eq(lead.updated_at),
                    leads::last_activity_at.eq(lead.last_activity_at),
                    leads::deleted_at.eq(lead.deleted_at),
                ))
                .execute(conn.pg())?;
            Ok(())
        }
    };
}

/// What the columns of a lead's score become.
type ScoreColumns = (
    Eq<leads::fit, Option<i64>>,
    Eq<leads::engagement, Option<f64>>,
    Eq<leads::engagement_as_of, Option<DateTime<Utc>>>,
    Eq<leads::engagement_half_life_days, Option<f64>>,
    Eq<leads::engagement_order, Option<i64>>,
    Eq<leads::grade, Option<&'static str>>,
);

fn score_columns(lead: &Lead) -> ScoreColumns {
    let score = lead.score;
    (
        leads::fit.eq(score.map(|score| score.fit.into())),
        leads::engagement.eq(score.map(|score| score.engagement)),
        leads::engagement_as_of.eq(score.map(|score| score.as_of)),
        leads::engagement_half_life_days.eq(score.and_then(|score| score.half_life_days)),
        leads::engagement_order.eq(score.map(|score| score.engagement_order)),
        leads::grade.eq(score.map(|score| score.grade.as_str())),
    )
}

/// Writes the score of a lead that is otherwise as it was.
pub fn set_score(conn: &mut TenantConnection, lead: &Lead) -> Result<()> {
    diesel::update(leads::table)
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq(lead.id))
        .set(score_columns(lead))
        .execute(conn.pg())?;
    Ok(())
}

/// Whether something is another that scoring models can ask for.
fn tells_more(before: &Lead, after: &Lead) -> bool {
    let same = Lead {
        version: after.version,
        updated_at: after.updated_at,
        last_activity_at: after.last_activity_at,
        score: after.score,
        ..before.clone()
    };
    same != *after
}

/// How a field of each kind travels to the database.
macro_rules! lead_column {
    (borrowed Text) => { Option<&'a str> };
    (borrowed Integer) => { Option<i64> };
    (sql Text) => { Text };
    (sql Integer) => { BigInt };
    (array Text) => { "?::text[]" };
    (array Integer) => { "?::bigint[]" };
    (borrow Text $value:expr) => { $value.as_deref() };
    (borrow Integer $value:expr) => { $value };
}

for_each_lead_field!(define_row! {});

/// Leads by id, locked until the end of the transaction, in the order of their ids so that no two transactions wait for
/// each other.
pub fn lock_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .for_update()
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// As [`lock_by_ids`], without those that another transaction has locked.
pub fn lock_free_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .for_update()
        .skip_locked()
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// Leads by id, in the order of their ids; also deleted ones.
pub fn list_by_ids(conn: &mut TenantConnection, ids: &[Uuid]) -> Result<Vec<Lead>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .select(LeadRow::as_select())
        .load(conn.pg())?;
    rows.into_iter().map(Lead::try_from).collect()
}

/// Ids of leads that are there and no tests, in their order, after one and before another.
pub fn list_ids_in_earnest(
    conn: &mut TenantConnection,
    after: Option<Uuid>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.gt(after.unwrap_or_default()))
        .filter(leads::id.lt(before))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .order(leads::id)
        .limit(limit)
        .select(leads::id)
        .load(conn.pg())?)
}

/// A lead, locked until the end of the transaction; also a deleted one.
pub fn lock(conn: &mut TenantConnection, id: Uuid) -> Result<Lead> {
    lock_by_ids(conn, &[id])?
        .pop()
        .ok_or_else(|| Error::not_found("lead", id))
}

/// How many leads with an id below another are there in earnest.
///
/// # Errors
/// [`Error::TooSlow`] when that takes too long.
pub fn count_in_earnest(conn: &mut TenantConnection, before: Uuid) -> Result<i64> {
    Ok(leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.lt(before))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .count()
        .get_result(conn.pg())?)
}

/// The oldest lead that waits in a queue, locked; one that somebody else is about to take is passed over.
pub fn lock_next_of_queue(conn: &mut TenantConnection, queue: &str) -> Result<Option<Lead>> {
    let row: Option<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::queue.eq(queue))
        .filter(leads::deleted_at.is_null())
        .filter(leads::is_test.eq(false))
        .filter(leads::stage_kind.ne_all(["converted", "disqualified"]))
        .order(leads::id)
        .for_update()
        .skip_locked()
        .select(LeadRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.map(Lead::try_from).transpose()
}

/// Whether a lead stands in the stage; also a deleted one.
pub fn any_in_stage(conn: &mut TenantConnection, stage: &str) -> Result<bool> {
    let standing = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::stage.eq(stage));
    Ok(diesel::select(diesel::dsl::exists(standing)).get_result(conn.pg())?)
}

/// Those of the leads that may be known of; also deleted ones.
pub fn visible_among(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    visible: &Visibility,
) -> Result<HashSet<Uuid>> {
    let mut query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .select(leads::id)
        .into_boxed();
    if let Visibility::Of { owners, teams } = visible {
        let owned = leads::owner_id.eq_any(owners);
        query = query.filter(owned.or(leads::team_id.eq_any(teams)).assume_not_null());
    }
    let found: Vec<Uuid> = query.load(conn.pg())?;
    Ok(found.into_iter().collect())
}

/// A lead; also a deleted one.
pub fn get(conn: &mut TenantConnection, id: Uuid) -> Result<Lead> {
    let row: Option<LeadRow> = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq(id))
        .select(LeadRow::as_select())
        .first(conn.pg())
        .optional()?;
    row.ok_or_else(|| Error::not_found("lead", id))?.try_into()
}

/// Which of these leads are there, or are deleted, and may be known of; in the order of their ids.
pub fn list_known(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    deleted: bool,
    visible: &Visibility,
) -> Result<Vec<Uuid>> {
    let mut query = leads::table
        .filter(leads::workspace_id.eq(conn.workspace_id()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .select((leads::id, leads::owner_id, leads::team_id))
        .into_boxed();
    query = if deleted {
        query.filter(
            leads::deleted_at
                .is_not_null()
                .and(leads::merged_into.is_null()),
        )
    } else {
        query.filter(leads::deleted_at.is_null())
    };
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = query.load(conn.pg())?;
    Ok(rows
        .into_iter()
        .filter(|(_, owner_id, team_id)| visible.shows_of(*owner_id, *team_id))
        .map(|(id, _, _)| id)
        .collect())
}

/// What a lead has under one key of `custom`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedValue {
    /// The lead; also a deleted one.
    pub lead_id: Uuid,
    /// What it has.
    pub value: Option<Value>,
    /// When the lead last changed.
    pub updated_at: DateTime<Utc>,
}

statement! {
    ValuesById { key: str => Text, workspace_id: Uuid => SqlUuid, after: Uuid => SqlUuid, limit: i64 => BigInt }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND id > ? ORDER BY id LIMIT ?",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

statement! {
    ValuesByChange {
        key: str => Text, workspace_id: Uuid => SqlUuid, from: DateTime<Utc> => Timestamptz, after: Uuid => SqlUuid,
        until: DateTime<Utc> => Timestamptz, limit: i64 => BigInt
    }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND (updated_at, id) > (?, ?) AND updated_at <= ? \
     ORDER BY updated_at, id LIMIT ?",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

statement! {
    LockedValues { key: str => Text, workspace_id: Uuid => SqlUuid, ids: [Uuid] => Array<SqlUuid> }
    "SELECT id, custom -> ?, updated_at FROM leads WHERE workspace_id = ? AND id = ANY(?) ORDER BY id FOR UPDATE",
    returns (SqlUuid, Nullable<Jsonb>, Timestamptz)
}

type KeyedRow = (Uuid, Option<Value>, DateTime<Utc>);

fn keyed_values(rows: Vec<KeyedRow>) -> Vec<KeyedValue> {
    rows.into_iter()
        .map(|(lead_id, value, updated_at)| KeyedValue {
            lead_id,
            value,
            updated_at,
        })
        .collect()
}

/// What leads have under a key, in the order of their ids, from behind `after`.
pub fn list_values(
    conn: &mut TenantConnection,
    key: &str,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = ValuesById {
        key,
        workspace_id: &conn.workspace_id(),
        after: &after.unwrap_or_default(),
        limit: &limit,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}

/// What leads have under a key that changed until `until`, in the order of their changes, from behind a change and a lead.
pub fn list_changed_values(
    conn: &mut TenantConnection,
    key: &str,
    after: (DateTime<Utc>, Uuid),
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = ValuesByChange {
        key,
        workspace_id: &conn.workspace_id(),
        from: &after.0,
        after: &after.1,
        until: &until,
        limit: &limit,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}

/// What these leads have under a key, in the order of their ids, locked until the end of the transaction.
pub fn lock_values(
    conn: &mut TenantConnection,
    key: &str,
    ids: &[Uuid],
) -> Result<Vec<KeyedValue>> {
    let rows: Vec<KeyedRow> = LockedValues {
        key,
        workspace_id: &conn.workspace_id(),
        ids,
    }
    .load(conn.pg())?;
    Ok(keyed_values(rows))
}

statement! {
    CountUpTo { workspace_id: Uuid => SqlUuid, limit: i64 => BigInt }
    "SELECT count(*) FROM (SELECT id FROM leads WHERE workspace_id = ? ORDER BY id LIMIT ?) AS counted",
    returns BigInt
}

/// How many leads there are, deleted ones too; `None` when there are more than `most`.
pub fn count_up_to(conn: &mut TenantConnection, most: i64) -> Result<Option<i64>> {
    let counted: i64 = CountUpTo {
        workspace_id: &conn.workspace_id(),
        limit: &(most + 1),
    }
    .get_result(conn.pg())?;
    Ok((counted <= most).then_some(counted))
}
