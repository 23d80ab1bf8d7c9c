//! The framework ready to decide with: everything that costs is done once.

use super::answer::{AnswerState, ReadValue};
use super::document::{Amount, StageMoves, Trust, Verdict, WhenStale};
use super::timing::When;
use super::words::Lexicon;
use crate::domain::condition::Condition;
use crate::domain::event::Change;
use crate::domain::lead_fields::Field;
use chrono::{Days, Duration};
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
    /// Days are those of the calendar in the zone.
    Timing {
        met: Days,
        partly: Option<Days>,
        zone: Tz,
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

impl Inferred {
    /// Whether the value of a lead at this path is the answer, or helps to read it.
    fn is_read_from(&self, path: &str) -> bool {
        let is_hint = || matches!(path, "currency" | "country");
        match self {
            Inferred::Value(_) => false,
            Inferred::Field(field) => path == field.name() || is_hint(),
            Inferred::Custom(key) => path.strip_prefix("custom.") == Some(key) || is_hint(),
        }
    }
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

    /// The keys of what it asks, in its order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.criteria.iter().map(|one| one.key.as_str())
    }

    /// Whether it infers answers from what else is known of a lead.
    pub fn infers(&self) -> bool {
        !self.inference.is_empty()
    }

    /// Whether it asks anything of a lead beside its answers and the fields that it infers some from.
    pub fn has_conditions(&self) -> bool {
        let is_conditional = |rule: &Inference| !rule.when.root.is_always(true);
        self.verdicts.iter().any(|rule| rule.lead.is_some())
            || self.inference.iter().any(is_conditional)
    }

    /// Whether what is known of a lead may amount to something else by these changes of it.
    pub fn asks_of<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) -> bool {
        let asks = |change: &Change| {
            let mut rules = self.inference.iter();
            self.has_conditions() || rules.any(|rule| rule.from.is_read_from(&change.path))
        };
        changes.into_iter().any(asks)
    }

    pub(super) fn place(&self, key: &str) -> Option<usize> {
        self.criteria.iter().position(|one| one.key == key)
    }
}
