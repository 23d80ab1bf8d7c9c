//! A lead as its row has it.

use crate::domain::lead::Lead;
use crate::domain::lead_fields::{LeadFields, for_each_lead_field};
use crate::domain::qualification::Verdict;
use crate::domain::scoring::{Grade, LeadScore};
use crate::domain::stage::StageKind;
use crate::error::{Error, Result};
use crate::store::schema::leads;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
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
    };
}

for_each_lead_field!(define_row! {});
