//! Activities: what happened with a lead, on all channels. One that carries attribution is a touch.

use crate::domain::event::{Actor, Change};
use crate::domain::lead::Lead;
use crate::domain::normalise::attribution::Attribution;
use crate::domain::stage::is_key;
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// The type of the activity that every capture adds.
pub const SUBMISSION: &str = "submission";
/// Minutes by which a sender's clock may be ahead of ours.
pub const SKEW_MINUTES: i64 = 5;

/// Who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The lead.
    Inbound,
    /// One of us.
    Outbound,
}

impl Direction {
    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }

    /// The direction of that name.
    pub fn from_name(name: &str) -> Option<Direction> {
        [Direction::Inbound, Direction::Outbound]
            .into_iter()
            .find(|direction| direction.as_str() == name)
    }
}

/// Something that happened with a lead.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Activity {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// The lead it happened with.
    pub lead_id: Uuid,
    /// `submission`, `call`, `email`, `meeting`, `sms`, `chat`, `download`, `page_view`, or a type of your own.
    #[serde(rename = "type")]
    #[schema(example = "call")]
    pub kind: String,
    /// When, by the sender's clock.
    pub occurred_at: DateTime<Utc>,
    /// When we learnt of it.
    pub created_at: DateTime<Utc>,
    /// Who began it.
    pub direction: Option<Direction>,
    /// What came of it.
    #[schema(example = "connected")]
    pub outcome: Option<String>,
    /// How long it took.
    #[schema(example = 240)]
    pub duration_seconds: Option<i64>,
    /// What it was about, in one line.
    #[schema(example = "Intro call")]
    pub subject: Option<String>,
    /// What was said or written.
    pub body: Option<String>,
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
    #[schema(value_type = Object)]
    pub properties: Map<String, Value>,
    /// Made by a test.
    pub is_test: bool,
    /// Counts corrections, from 1; the `ETag`.
    #[schema(minimum = 1)]
    pub version: i64,
}

/// Which activities of a lead. Everything given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// One of these types.
    pub kinds: Vec<String>,
    /// Begun from this side.
    pub direction: Option<Direction>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

/// What may be corrected of an activity: what it was, not when it was or whose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Who began it.
    pub direction: Option<Direction>,
    /// What came of it.
    pub outcome: Option<String>,
    /// How long it took.
    pub duration_seconds: Option<i64>,
    /// What it was about, in one line.
    pub subject: Option<String>,
    /// What was said or written.
    pub body: Option<String>,
    /// What else is known of it.
    pub properties: Map<String, Value>,
}

impl Activity {
    /// Whether conditions and scores look at it: a test counts only for a lead that is one.
    pub fn counts_for(&self, lead: &Lead) -> bool {
        lead.is_test || !self.is_test
    }

    /// What may be corrected of it.
    pub fn details(&self) -> Details {
        Details {
            direction: self.direction,
            outcome: self.outcome.clone(),
            duration_seconds: self.duration_seconds,
            subject: self.subject.clone(),
            body: self.body.clone(),
            properties: self.properties.clone(),
        }
    }

    /// Takes corrected details; the answer says what changed.
    pub fn correct(&mut self, to: Details) -> Vec<Change> {
        let mut changes = Vec::new();
        macro_rules! take {
            ($($field:ident),*) => { $(
                if self.$field != to.$field {
                    changes.push(Change::new(stringify!($field), json!(self.$field), json!(to.$field)));
                    self.$field = to.$field;
                }
            )* };
        }
        take!(
            direction,
            outcome,
            duration_seconds,
            subject,
            body,
            properties
        );
        changes
    }

    /// Undoes a correction.
    pub fn take_back(&mut self, changes: &[Change]) {
        let mut details = json!(self.details());
        for change in changes {
            details[&change.path] = change.old.clone();
        }
        if let Ok(details) = Details::deserialize(details) {
            self.correct(details);
        }
    }

    /// What the timeline shows of it in one line.
    pub fn summary(&self) -> Option<String> {
        match (&self.subject, &self.outcome) {
            (Some(subject), Some(outcome)) => Some(format!("{subject}: {outcome}")),
            (subject, outcome) => subject.clone().or_else(|| outcome.clone()),
        }
    }
}

/// Refuses a type that is no name, or that Baton keeps for what it adds itself.
///
/// # Errors
/// By the pointer `/type`.
pub fn check_type(kind: &str) -> Result<(), FieldError> {
    let refused = |code, detail: &str| Err(FieldError::new("/type", code, detail));
    if !is_type(kind) {
        return refused(
            "invalid_type",
            "a type has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter",
        );
    }
    match kind {
        SUBMISSION => refused("reserved_type", "submissions come in by POST /v1/capture"),
        "note" => refused(
            "reserved_type",
            "notes are written by POST /v1/leads/{id}/notes",
        ),
        _ => Ok(()),
    }
}

/// Whether an activity could be of this type.
pub fn is_type(kind: &str) -> bool {
    is_key(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_a_short_name_in_small_letters() {
        let longest = "a".repeat(50);
        for good in ["call", "page_view", "x", "trial_day_14", &longest] {
            assert_eq!(check_type(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "Call",
            "1st",
            "_x",
            "a b",
            "ä",
            "note",
            SUBMISSION,
            &(longest.clone() + "a"),
        ] {
            assert!(check_type(bad).is_err(), "{bad}");
        }
    }
}
