//! New leads, written by one statement.

use crate::domain::lead::Lead;
use crate::domain::lead_fields::for_each_lead_field;
use crate::domain::qualification::Verdict;
use crate::error::Result;
use crate::store::json::Json;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Bool, Double, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

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

macro_rules! define_insertion {
    ({} $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
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
    };
}

for_each_lead_field!(define_insertion! {});
