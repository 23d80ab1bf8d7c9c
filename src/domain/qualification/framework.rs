//! The framework ready to decide with: everything that costs is done once.

use super::answer::{AnswerState, ReadValue};
use super::document::{Amount, StageMoves, Trust, Verdict, WhenStale};
use super::timing::When;
use super::words::Lexicon;
use crate::domain::condition::Condition;
use crate::domain::lead_fields::Field;
use chrono::Duration;
use chrono_tz::Tz;

/// A framework ready to decide with.
#[derive(Debug, Clone)]
pub struct Framework {
    pub(super) name: String,
    pub(super) criteria: Vec<Criterion>,
    pub(super) verdicts: Vec<Demands>,
    pub(super) otherwise: Verdict,
    pub(super) inference: Vec<Inference>,
    pub(super) trust: Trust,
    pub(super) stages: StageMoves,
    pub(super) zone: Tz,
}

#[derive(Debug, Clone)]
pub(super) struct Criterion {
    pub key: String,
    pub question: String,
    pub required: bool,
    pub weight: u32,
    pub max_age: Option<Duration>,
    pub when_stale: WhenStale,
    pub measure: Measure,
}

/// What answers are measured by.
#[derive(Debug, Clone)]
pub(super) enum Measure {
    Money {
        met: Vec<Amount>,
        partly: Vec<Amount>,
        rates: Vec<(String, f64)>,
    },
    Choice {
        options: Vec<(String, AnswerState)>,
        words: Lexicon<usize>,
    },
    Text {
        words: Lexicon<AnswerState>,
        otherwise: AnswerState,
    },
    Timing {
        met: Duration,
        partly: Option<Duration>,
        words: Lexicon<When>,
    },
    Boolean {
        met: bool,
    },
    Number {
        met_from: f64,
        partly_from: Option<f64>,
    },
}

/// What a verdict takes; criteria by their places.
#[derive(Debug, Clone)]
pub(super) struct Demands {
    pub verdict: Verdict,
    pub met: Vec<usize>,
    pub partly: Vec<usize>,
    pub unmet: Vec<usize>,
    pub met_at_least: u16,
    pub unmet_at_least: u16,
    pub lead: Option<Condition>,
}

#[derive(Debug, Clone)]
pub(super) struct Inference {
    pub key: String,
    pub when: Condition,
    pub criterion: usize,
    pub from: Inferred,
    pub confidence_permille: u16,
}

#[derive(Debug, Clone)]
pub(super) enum Inferred {
    Value(ReadValue),
    Field(Field),
    Custom(String),
}

impl Framework {
    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its conditions need to know the activities of a lead.
    pub fn asks_of_activities(&self) -> bool {
        let verdicts = self.verdicts.iter().filter_map(|rule| rule.lead.as_ref());
        let rules = self.inference.iter().map(|rule| &rule.when);
        verdicts.chain(rules).any(Condition::asks_of_activities)
    }

    /// Whether it has a criterion of that key.
    pub fn asks_for(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.criteria.iter().position(|one| one.key == key)
    }
}
