//! Activities: what happened with a lead, on all channels. One that carries attribution is a touch.

use crate::domain::event::Actor;
use crate::domain::normalise::attribution::Attribution;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The type of the activity that every capture adds.
pub const SUBMISSION: &str = "submission";

/// Something that happened with a lead.
#[derive(Debug, Clone)]
pub struct Activity {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// The lead it happened with.
    pub lead_id: Uuid,
    /// `submission` …
    pub kind: String,
    /// When, by the sender's clock.
    pub occurred_at: DateTime<Utc>,
    /// When we learnt of it.
    pub created_at: DateTime<Utc>,
    /// Which page, list or campaign.
    pub source: Option<String>,
    /// The way it took.
    pub channel: Option<String>,
    /// The receipt of the submission it came with.
    pub submission_id: Option<Uuid>,
    /// Who told us.
    pub actor: Actor,
    /// Campaign, click ids, referrer, landing page.
    pub attribution: Attribution,
    /// What else is known of it.
    pub properties: Map<String, Value>,
    /// Made by a test.
    pub is_test: bool,
}
