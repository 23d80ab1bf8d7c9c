//! A scoring model, ready to score.

use super::decay::HalfLife;
use super::document::{EngagementGrades, FitGrades, GroupDocument, ThresholdDocument};
use super::grade::Grade;
use super::ledger::Ledger;
use crate::domain::condition::{ActivityPattern, Condition, Facts};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::HashMap;

/// What rules of both ledgers have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub key: String,
    pub name: String,
    pub points: i32,
    /// Its place in the model's groups.
    pub group: Option<usize>,
    /// What would have to be true, as it was written.
    pub asks: Value,
}

/// A rule about who the lead is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FitRule {
    pub rule: Rule,
    pub when: Condition,
}

/// A rule about what the lead did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EngagementRule {
    pub rule: Rule,
    pub pattern: ActivityPattern,
    pub once: bool,
}

/// A scoring model, ready to score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoringModel {
    pub(super) when: Condition,
    pub(super) fit: Vec<FitRule>,
    pub(super) engagement: Vec<EngagementRule>,
    /// The places of engagement rules by the type of activity, in the order of the model.
    pub(super) by_type: HashMap<String, Vec<usize>>,
    pub(super) groups: Vec<GroupDocument>,
    pub(super) half_life: HalfLife,
    pub(super) fit_grades: FitGrades,
    pub(super) engagement_grades: EngagementGrades,
    pub(super) thresholds: Vec<ThresholdDocument>,
}

impl ScoringModel {
    /// Whether the model counts for this lead.
    pub fn applies(&self, facts: &Facts, now: DateTime<Utc>) -> bool {
        self.when.holds(facts, now)
    }

    /// Whether it counts for every lead, whatever is known of it.
    pub fn counts_for_all(&self) -> bool {
        self.when.always_holds()
    }

    /// Whether `when` or a rule of fit asks of activities: then facts need all of them, not only for scoring from nothing.
    pub fn asks_of_activities(&self) -> bool {
        let mut conditions = self.fit.iter().map(|rule| &rule.when).chain([&self.when]);
        conditions.any(Condition::asks_of_activities)
    }

    /// The types of activities that rules of engagement mean; those of other types add nothing.
    pub fn activity_types(&self) -> impl Iterator<Item = &str> {
        self.by_type.keys().map(String::as_str)
    }

    /// The worth of engagement at a moment not before the ledger's `as_of`, not rounded.
    pub fn engagement_at(&self, ledger: &Ledger, at: DateTime<Utc>) -> f64 {
        self.half_life.worth(ledger.engagement, ledger.as_of, at)
    }

    /// Fit and engagement together at a moment, not rounded.
    pub fn total_at(&self, ledger: &Ledger, at: DateTime<Utc>) -> f64 {
        f64::from(ledger.fit) + self.engagement_at(ledger, at)
    }

    /// The grade at a moment.
    pub fn grade_at(&self, ledger: &Ledger, at: DateTime<Utc>) -> Grade {
        self.grade(ledger.fit, self.engagement_at(ledger, at))
    }

    pub(super) fn grade(&self, fit: i32, engagement: f64) -> Grade {
        Grade {
            fit: self.fit_grades.grade(fit),
            engagement: self.engagement_grades.grade(engagement),
        }
    }

    /// The keys of its thresholds.
    pub fn threshold_keys(&self) -> impl Iterator<Item = &str> {
        self.thresholds.iter().map(|known| known.key.as_str())
    }

    /// Whether it has a threshold of that key.
    pub fn has_threshold(&self, key: &str) -> bool {
        self.threshold_keys().any(|known| known == key)
    }

    /// Days in which engagement loses half its worth; `None`: it loses nothing.
    pub fn half_life_days(&self) -> Option<f64> {
        self.half_life.days()
    }

    /// The number by which leads of this model are in the order of their engagement, at any moment: it changes only with
    /// the ledger. Above 0 for engagement above 0, below 0 for engagement below 0.
    pub fn engagement_order(&self, ledger: &Ledger) -> f64 {
        self.half_life.order(ledger.engagement, ledger.as_of)
    }
}
