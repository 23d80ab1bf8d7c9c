//! Leads, as answers show them.

use crate::domain::lead::Lead;
use crate::domain::lead_fields::{for_each_lead_field, lead_struct};
use crate::domain::normalise::attribution::Attribution;
use crate::domain::qualification::Verdict;
use crate::domain::scoring::{Grade, LeadScore, Standing, tenths};
use crate::domain::stage::StageKind;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The first and the latest attribution of a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AttributionPair {
    /// Of the first touch that had one.
    pub first: Attribution,
    /// Of the latest touch that had one.
    pub last: Attribution,
}

/// The score of a lead, in short. Engagement and the total are rounded down to tenths.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = LeadScore)]
pub struct ScoreShown {
    /// Points for who the lead is.
    #[schema(example = 35)]
    pub fit: i32,
    /// What the points for what it did are worth now.
    #[schema(example = 9.9)]
    pub engagement: f64,
    /// Both.
    #[schema(example = 44.9)]
    pub total: f64,
    /// A letter for fit and a figure for engagement; `A1` is the best.
    #[schema(value_type = String, example = "B3", pattern = "^[A-D][1-4]$")]
    pub grade: Grade,
}

impl ScoreShown {
    /// As it is at a moment.
    pub fn of(score: &LeadScore, now: DateTime<Utc>) -> ScoreShown {
        let engagement = tenths(score.engagement_at(now));
        ScoreShown {
            fit: score.fit,
            engagement: engagement / 10.0,
            total: (f64::from(score.fit) * 10.0 + engagement) / 10.0,
            grade: score.grade,
        }
    }
}

impl From<&Standing> for ScoreShown {
    fn from(standing: &Standing) -> Self {
        ScoreShown {
            fit: standing.fit,
            engagement: standing.engagement,
            total: standing.total,
            grade: standing.grade,
        }
    }
}

for_each_lead_field!(lead_struct! {
    /// A lead.
    #[derive(Debug, Clone, Serialize, ToSchema)]
    #[schema(as = Lead)]
    LeadBody {
        /// Its id: a UUIDv7, so ids sort by the time of creation.
        #[schema(example = "0198c0de-7a11-7000-8000-00000000000a")]
        pub id: Uuid,
        /// Counts every change, from 1; the `ETag`.
        #[schema(minimum = 1, example = 1)]
        pub version: i64,
        /// Where it stands in the pipeline: the key of a stage.
        #[schema(example = "new")]
        pub stage: String,
        /// What that stage means.
        pub stage_kind: StageKind,
        /// Since when it stands there.
        pub stage_changed_at: DateTime<Utc>,
        /// Why it was disqualified; `verdict` where its answers did that.
        pub disqualify_reason: Option<String>,
        /// When a disqualified lead is worth another look.
        pub revisit_at: Option<DateTime<Utc>>,
        /// The user who is accountable for it.
        pub owner_id: Option<Uuid>,
        /// The team it belongs to.
        pub team_id: Option<Uuid>,
        /// What its answers amount to; `null` while there are none.
        pub verdict: Option<Verdict>,
        /// The queue it waits in while nobody owns it.
        pub queue: Option<String>,
        /// How well it fits and how much it takes part, now; `null` where nothing is scored, and of a past moment. `GET
        /// /v1/leads/{id}/score` has what it is made of.
        pub score: Option<ScoreShown>,
    } {
        /// Values beside the plain fields.
        #[schema(value_type = Object, example = json!({"plan": "pro"}))]
        pub custom: Map<String, Value>,
        /// Labels.
        #[schema(example = json!(["demo"]))]
        pub tags: Vec<String>,
        /// Where the first submission came from.
        #[schema(example = "pricing-page")]
        pub source: Option<String>,
        /// The way the first submission took.
        #[schema(example = "web_form")]
        pub channel: String,
        /// Campaigns, click ids and pages.
        pub attribution: AttributionPair,
        /// Made by tests only: kept out of lists and counts.
        pub is_test: bool,
        /// The sender's time of the first submission.
        pub captured_at: DateTime<Utc>,
        /// Our time of the first submission.
        pub created_at: DateTime<Utc>,
        /// When it last changed.
        pub updated_at: DateTime<Utc>,
        /// When something last happened with it.
        pub last_activity_at: DateTime<Utc>,
        /// When it was deleted.
        pub deleted_at: Option<DateTime<Utc>>,
    }
});

macro_rules! from_lead {
    ({} $($field:ident : $type:ty, $kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        impl From<&Lead> for LeadBody {
            fn from(lead: &Lead) -> Self {
                LeadBody {
                    id: lead.id,
                    version: lead.version,
                    stage: lead.stage.clone(),
                    stage_kind: lead.stage_kind,
                    stage_changed_at: lead.stage_changed_at,
                    disqualify_reason: lead.disqualify_reason.clone(),
                    revisit_at: lead.revisit_at,
                    owner_id: lead.owner_id,
                    team_id: lead.team_id,
                    verdict: lead.verdict,
                    queue: lead.queue.clone(),
                    score: lead.score.as_ref().map(|score| ScoreShown::of(score, Utc::now())),
                    $($field: lead.fields.$field.clone(),)*
                    custom: lead.custom.clone(),
                    tags: lead.tags.clone(),
                    source: lead.source.clone(),
                    channel: lead.channel.clone(),
                    attribution: AttributionPair { first: lead.first_attribution.clone(), last: lead.last_attribution.clone() },
                    is_test: lead.is_test,
                    captured_at: lead.captured_at,
                    created_at: lead.created_at,
                    updated_at: lead.updated_at,
                    last_activity_at: lead.last_activity_at,
                    deleted_at: lead.deleted_at,
                }
            }
        }
    };
}
for_each_lead_field!(from_lead! {});
