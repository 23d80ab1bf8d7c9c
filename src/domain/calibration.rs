//! Calibrations: weights that were estimated from a workspace's own leads, as rule documents. A version never changes, one
//! at most is active, and the one before comes back by being activated again.

use crate::domain::dedupe::{FieldReport, KeptFrequencies, Weights};
use crate::domain::event::Actor;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a calibration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationState {
    /// To be looked at.
    Draft,
    /// Leads are compared by it.
    Active,
    /// Another one has taken its place, or the weights that every workspace begins with.
    Retired,
}

impl CalibrationState {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            CalibrationState::Draft => "draft",
            CalibrationState::Active => "active",
            CalibrationState::Retired => "retired",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<CalibrationState> {
        [
            CalibrationState::Draft,
            CalibrationState::Active,
            CalibrationState::Retired,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

/// How many pairs of the sample are past a threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Past {
    /// By the weights that were active.
    #[schema(minimum = 0)]
    pub before: u32,
    /// By the new ones.
    #[schema(minimum = 0)]
    pub after: u32,
}

/// What was looked at, and what came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationReport {
    /// Leads of the sample.
    #[schema(minimum = 0)]
    pub leads: u32,
    /// Pairs of each of these and a lead that shares a key with it.
    #[schema(minimum = 0)]
    pub pairs: u32,
    /// Of these: pairs that somebody has decided about.
    #[schema(minimum = 0)]
    pub reviewed: u32,
    /// Pairs drawn at random.
    #[schema(minimum = 0)]
    pub random_pairs: u32,
    /// Pairs that are probably one person, each counted for as much as it is.
    pub same: f32,
    /// Records that a person has beside one, on average.
    pub records_per_person: f32,
    /// Rounds until the estimate had settled.
    #[schema(minimum = 0)]
    pub rounds: u32,
    /// Pairs that are possibly one person, by the workspace's threshold.
    pub possible: Past,
    /// Pairs that are probably one person, by the workspace's threshold.
    pub probable: Past,
    /// The fields of which enough was seen; the others stay as they were.
    pub fields: Vec<FieldReport>,
}

/// A calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// 1, 2, 3 … in the workspace.
    pub number: i32,
    /// Where it stands.
    pub state: CalibrationState,
    /// What it says.
    pub weights: Weights,
    /// How often values were found in the sample.
    pub frequencies: KeptFrequencies,
    /// What was looked at, and what came out.
    pub report: CalibrationReport,
    /// Who asked for it.
    pub created_by: Actor,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last became active.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it was last retired.
    pub retired_at: Option<DateTime<Utc>>,
}
