//! A scoring model as the workspace writes it.

use crate::domain::condition::ConditionDocument;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Which side of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// Who the lead is.
    Fit,
    /// What the lead did.
    Engagement,
}

/// How often a rule of engagement counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// The first activity only.
    Once,
    /// Every activity.
    #[default]
    EveryTime,
}

/// Which activities a rule means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityDocument {
    /// Of one of these types.
    #[schema(min_items = 1, max_items = 50, example = json!(["page_view"]))]
    pub types: Vec<String>,
    /// A condition of the activity.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"field": "properties.path", "op": "starts_with", "value": "/pricing"}))]
    pub filter: Option<Value>,
}

/// What brings points, or takes some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScoringRule)]
pub struct RuleDocument {
    /// What entries name it by: a–z, 0–9 and `_`; unique in the model.
    #[schema(
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "senior"
    )]
    pub key: String,
    /// What people read.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"\S",
        example = "Senior title"
    )]
    pub name: String,
    /// Where it counts.
    pub ledger: LedgerKind,
    /// Points, below 0 for a rule that takes some.
    #[schema(minimum = -1000, maximum = 1000, example = 15)]
    pub points: i32,
    /// The group that limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "title")]
    pub group: Option<String>,
    /// Fit only: the condition of the lead. It may not depend on the time at which it is judged, nor on what is decided by the
    /// score: `owner_id`, `team_id`, `queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub when: Option<Value>,
    /// Engagement only: the activities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityDocument>,
    /// Engagement only: how often it counts, `every_time` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

/// Limits for the rules of a group, which all are of one ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDocument {
    /// What rules name it by.
    #[schema(
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "title"
    )]
    pub key: String,
    /// An entry never lifts the group above this; `null`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 10_000, example = 20)]
    pub cap: Option<i32>,
    /// An entry never brings the group below this; `null`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -10_000, maximum = 0, example = -20)]
    pub floor: Option<i32>,
}

/// At least so many points of fit for each grade; below `c` it is D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FitGrades {
    /// For an A.
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub a: i32,
    /// For a B.
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub b: i32,
    /// For a C.
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub c: i32,
}

/// At least so many points of engagement for each grade; below `3` it is 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagementGrades {
    /// For a 1.
    #[serde(rename = "1")]
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub one: i32,
    /// For a 2.
    #[serde(rename = "2")]
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub two: i32,
    /// For a 3.
    #[serde(rename = "3")]
    #[schema(minimum = -10_000, maximum = 10_000)]
    pub three: i32,
}

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdOn {
    /// Fit and engagement together.
    Total,
    /// Fit.
    Fit,
    /// Engagement.
    Engagement,
}

/// A number of points whose crossing, up or down, is an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdDocument {
    /// What events name it by.
    #[schema(
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "hot"
    )]
    pub key: String,
    /// What it looks at.
    pub on: ThresholdOn,
    /// Met with at least so many points. Decay takes what is reached exactly in the next moment: a little less than a round number
    /// is kept for days.
    #[schema(minimum = -10_000, maximum = 10_000, example = 78)]
    pub points: i32,
}

/// A scoring model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoringModelDocument {
    /// What people read.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S", example = "Default")]
    pub name: String,
    /// For which leads it counts: a condition, as those of rules of fit; all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub when: Option<Value>,
    /// What brings points, in order.
    #[schema(max_items = 500)]
    pub rules: Vec<RuleDocument>,
    /// Limits for several rules together.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub groups: Vec<GroupDocument>,
    /// Days in which engagement loses half its worth, one for the whole model; `null`: it loses nothing.
    #[serde(default = "two_weeks")]
    #[schema(minimum = 0.25, maximum = 3650, default = 14)]
    pub engagement_half_life_days: Option<f64>,
    /// The letters of grades.
    #[serde(default)]
    pub fit_grades: FitGrades,
    /// The figures of grades.
    #[serde(default)]
    pub engagement_grades: EngagementGrades,
    /// What is told when it is crossed.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub thresholds: Vec<ThresholdDocument>,
}

fn two_weeks() -> Option<f64> {
    Some(14.0)
}

impl Default for FitGrades {
    fn default() -> Self {
        FitGrades {
            a: 40,
            b: 25,
            c: 10,
        }
    }
}

/// A little below round numbers, which round points reach exactly: decay would take them back in the next moment.
impl Default for EngagementGrades {
    fn default() -> Self {
        EngagementGrades {
            one: 38,
            two: 18,
            three: 4,
        }
    }
}
