//! Pairs of leads that may be one person, to be looked at; what was decided is remembered.

use crate::domain::dedupe::FieldWeight;
use crate::domain::event::Actor;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairState {
    /// To be looked at.
    Open,
    /// Two people: the pair is not shown again.
    Rejected,
    /// To be looked at later.
    Snoozed,
    /// One person: the leads were merged.
    Merged,
}

impl PairState {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            PairState::Open => "open",
            PairState::Rejected => "rejected",
            PairState::Snoozed => "snoozed",
            PairState::Merged => "merged",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<PairState> {
        [
            PairState::Open,
            PairState::Rejected,
            PairState::Snoozed,
            PairState::Merged,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }
}

/// What found a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// A capture that was like a lead.
    Capture,
    /// A scan of all leads.
    Scan,
}

impl FoundBy {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            FoundBy::Capture => "capture",
            FoundBy::Scan => "scan",
        }
    }
}

/// Two leads that may be one person.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplicatePair {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// The older lead.
    pub lead_id: Uuid,
    /// The newer one.
    pub other_lead_id: Uuid,
    /// Where it stands.
    pub state: PairState,
    /// That they are one person: 0 to 1.
    pub probability: f64,
    /// What each field says.
    pub fields: Vec<FieldWeight>,
    /// What found it.
    pub found_by: FoundBy,
    /// Until when it is not looked at.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Who decided.
    pub decided_by: Option<Actor>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Counts every change, from 1.
    pub version: i64,
    /// When it was found.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl DuplicatePair {
    /// Somebody decides about it.
    pub fn decide(
        &mut self,
        state: PairState,
        snoozed_until: Option<DateTime<Utc>>,
        by: &Actor,
        now: DateTime<Utc>,
    ) {
        self.state = state;
        self.snoozed_until = snoozed_until;
        self.decided_by = Some(by.clone());
        self.decided_at = Some(now);
        self.version += 1;
        self.updated_at = now;
    }
}
