//! What is kept of a lead's score.

use super::document::LedgerKind;
use super::grade::Grade;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Points that a rule gave, or took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ScoreEntry)]
pub struct Entry {
    /// The key of the rule.
    pub rule: String,
    /// Where it counts.
    pub ledger: LedgerKind,
    /// The activity that caused it; `null` for fit, where the lead itself does.
    pub activity_id: Option<Uuid>,
    /// What it added when it was added: the rule's points, or what its group had room for.
    pub points: f64,
    /// From when it counts.
    pub at: DateTime<Utc>,
    /// The group that had no room for all of the rule's points.
    pub capped_by: Option<String>,
}

/// The place of an activity in the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Position {
    /// From when it counts.
    pub at: DateTime<Utc>,
    /// Its id.
    pub activity_id: Uuid,
}

/// What a group of engagement rules has come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupValue {
    /// The key of the group.
    pub group: String,
    /// Its worth at the ledger's `as_of`.
    pub value: f64,
}

/// What is kept of a lead in one model, so that what is new can be added. The default is that of a lead never scored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ledger {
    /// Points of fit.
    pub fit: i32,
    /// What they are made of.
    pub fit_entries: Vec<Entry>,
    /// Worth of engagement at `as_of`.
    pub engagement: f64,
    /// The moment of the latest entry of engagement.
    pub as_of: DateTime<Utc>,
    /// The latest activity that counted.
    pub last: Option<Position>,
    /// Groups of engagement rules that have entries.
    pub groups: Vec<GroupValue>,
    /// Rules that count once, and have.
    pub counted_once: Vec<String>,
    /// Up to when crossings have been told; `None`: never scored.
    pub told_until: Option<DateTime<Utc>>,
    /// Keys of the thresholds that were met then.
    pub met: Vec<String>,
    /// The grade of then.
    #[schema(value_type = Option<String>)]
    pub grade: Option<Grade>,
}
