//! What a qualification says, as decision records keep it.

use super::answer::{AnswerSource, AnswerState};
use super::document::Verdict;
use super::judge::StateReason;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the answers of a lead amount to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Qualification {
    /// The framework's name.
    pub framework: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict rule that gave it, counted from 0; absent when none applied.
    pub rule: Option<usize>,
    /// The rules of higher verdicts, and what each lacks.
    pub not_reached: Vec<NotReached>,
    /// Every criterion, in the framework's order.
    pub criteria: Vec<CriterionResult>,
    /// Criteria that are met.
    pub met: Vec<String>,
    /// Required criteria that are not met.
    pub missing: Vec<String>,
    /// What to ask next: the first required criterion that is not known, or else the first that is partly met.
    pub next_question: Option<NextQuestion>,
    /// The share of the criteria that is known, by weight, in thousandths.
    pub completeness_permille: u16,
    /// Until then nothing of this changes by itself.
    pub next_change_at: Option<DateTime<Utc>>,
}

/// How a criterion stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CriterionResult {
    /// Its key.
    pub criterion: String,
    /// How far it is met.
    pub state: AnswerState,
    /// Why.
    pub reason: StateReason,
    /// The answer that counts.
    pub counts: Option<Heard>,
    /// Why that one.
    pub why: Option<WhyItCounts>,
    /// Other answers that are not stale and give another state, the most trusted first.
    pub conflicts: Vec<Heard>,
}

/// An answer, as far as it matters for a criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Heard {
    /// Which answer; absent when a rule of the framework inferred it.
    pub answer_id: Option<Uuid>,
    /// The rule of the framework that inferred it.
    pub inferred_by: Option<String>,
    /// Where it comes from.
    pub source: AnswerSource,
    /// What it is worth.
    pub state: AnswerState,
    /// Trust in the source times confidence in the answer, in thousandths of thousandths.
    pub score: u32,
    /// When it was said.
    pub at: Option<DateTime<Utc>>,
    /// From when on it has to be asked again, for its age or because its date passes.
    pub stale_at: Option<DateTime<Utc>>,
}

/// Why an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyItCounts {
    /// There is no other.
    Only,
    /// The others are stale, or not known.
    Fresh,
    /// It is the newest of those trusted as much.
    Newest,
    /// It is the most trusted one.
    MostTrusted,
}

/// A verdict that was not reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotReached {
    /// The verdict rule, counted from 0.
    pub rule: usize,
    /// Its verdict.
    pub verdict: Verdict,
    /// What it lacks.
    pub lacking: Vec<Lacking>,
}

/// What a verdict rule lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Lacking {
    /// A criterion has another state.
    Criterion {
        /// Which.
        criterion: String,
        /// What the rule asks for.
        needs: AnswerState,
        /// What there is.
        is: AnswerState,
    },
    /// Too few criteria are met.
    Met {
        /// How many it takes.
        at_least: u16,
        /// How many there are.
        are: u16,
    },
    /// Too few criteria are known not to be met.
    Unmet {
        /// How many it takes.
        at_least: u16,
        /// How many there are.
        are: u16,
    },
    /// The condition of the lead does not hold.
    Lead,
}

/// What to ask next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextQuestion {
    /// The key of the criterion.
    pub criterion: String,
    /// What to ask the person.
    pub question: String,
}
