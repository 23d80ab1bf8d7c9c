//! Answers: what was said about a criterion, by whom, and how it was understood.

use super::judge::StateReason;
use crate::domain::event::Actor;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far a criterion is met.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerState {
    /// Nobody knows.
    #[default]
    Unknown,
    /// Known, and not met.
    Unmet,
    /// Known, and met in part.
    Partly,
    /// Known, and met.
    Met,
}

/// Where an answer comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// The person filled in a form.
    Form,
    /// Said in a call.
    Call,
    /// Said in a meeting.
    Meeting,
    /// Written in a mail.
    Email,
    /// A rep says so.
    Rep,
    /// A rule infers it from what else is known.
    Rule,
    /// A vendor of data says so.
    Enrichment,
    /// It came with an import.
    Import,
    /// Another system sent it.
    Api,
}

/// What an answer rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerEvidence {
    /// The activity in which it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_id: Option<Uuid>,
    /// The submission with which it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_id: Option<Uuid>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// What was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadValue {
    /// An amount; of a range the lower end.
    Money {
        /// In minor units.
        amount_minor: i64,
        /// ISO 4217; absent where it was not said and could not be assumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
    },
    /// There is some, and how much was not said.
    Some,
    /// One of the options.
    Option {
        /// Its value.
        option: String,
    },
    /// A text, and what its words say.
    Text {
        /// The state that the framework's words gave when it was read.
        state: AnswerState,
    },
    /// By then.
    Until {
        /// The end of the last day, in the workspace's zone.
        until: DateTime<Utc>,
    },
    /// Yes or no.
    Boolean {
        /// Which.
        yes: bool,
    },
    /// A number; of a range the lower end.
    Number {
        /// How much.
        number: f64,
    },
    /// There is none: no budget, no need, no plans.
    Nothing,
    /// They do not know, or said nothing.
    NotKnown,
    /// Kept as said; the framework's words do not cover it.
    NotUnderstood,
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// A UUIDv7.
    pub id: Uuid,
    /// The key of the criterion.
    pub criterion: String,
    /// The value as it was given.
    pub given: Value,
    /// What was understood when it was given.
    pub read: ReadValue,
    /// The state that a person set by their own judgement; it goes before what the value is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<AnswerState>,
    /// Where it comes from.
    pub source: AnswerSource,
    /// What it rests on.
    #[serde(default)]
    pub evidence: AnswerEvidence,
    /// How sure it is, in thousandths.
    #[schema(maximum = 1000)]
    pub confidence_permille: u16,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// Who put it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// It was taken back: kept, and never counted.
    #[serde(default)]
    pub withdrawn: bool,
    /// Who took it back, when and why; absent as long as it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Withdrawal>,
}

impl Answer {
    /// The answer as it is once it was taken back.
    pub fn withdraw(&mut self, withdrawal: Withdrawal) {
        self.withdrawn = true;
        self.withdrawal = Some(withdrawal);
    }

    /// The answer as it was before it was taken back.
    pub fn count_again(&mut self) {
        self.withdrawn = false;
        self.withdrawal = None;
    }
}

/// How an answer was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AnswerWithdrawal)]
pub struct Withdrawal {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// Why, in a few words.
    pub reason: String,
}

/// What makes a reading less sure, or is worth knowing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingNote {
    /// A range was given: the end that promises less was taken.
    CautiousEnd,
    /// "About", "up to", "more than".
    Approximate,
    /// The currency was not said, or has several countries: the most likely one was taken.
    CurrencyAssumed,
    /// 03/04/2027 may be in March or in April.
    DateOrderAssumed,
    /// "Not sure", "maybe": they did not commit themselves.
    Unsure,
}

/// A value that has been read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReadAnswer {
    /// What was understood; to be kept with the answer.
    pub read: ReadValue,
    /// What it is worth at the time it was said.
    pub state: AnswerState,
    /// Why.
    pub reason: StateReason,
    /// How sure the reading is, in thousandths: to be kept with the answer, unless a person says how sure they are.
    pub confidence_permille: u16,
    /// What makes it less sure.
    pub notes: Vec<ReadingNote>,
}
