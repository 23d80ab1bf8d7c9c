//! The score of a lead as lists show it and are sorted by.

use super::decay::HalfLife;
use super::grade::Grade;
use super::ledger::Ledger;
use super::model::ScoringModel;
use chrono::{DateTime, Utc};

/// By so much the order of engagement is scaled to a whole number: as fine as an `f64` of its size is.
const ORDER_SCALE: f64 = 68_719_476_736.0;

/// A lead's score, as it was when it last changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeadScore {
    /// Points for who the lead is.
    pub fit: i32,
    /// Points for what the lead did, as they were worth at `as_of`.
    pub engagement: f64,
    /// The moment of the latest entry of engagement.
    pub as_of: DateTime<Utc>,
    /// Days in which engagement loses half its worth; `None`: it loses nothing.
    pub half_life_days: Option<f64>,
    /// Leads are in the order of their engagement by this number, at any moment:
    /// [`ScoringModel::engagement_order`] · 2^36.
    pub engagement_order: i64,
    /// Letter and figure, as last told.
    pub grade: Grade,
}

impl LeadScore {
    /// What lists keep of a ledger.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "orders are below 2^19: scaled, below 2^55"
    )]
    pub fn of(model: &ScoringModel, ledger: &Ledger, now: DateTime<Utc>) -> LeadScore {
        LeadScore {
            fit: ledger.fit,
            engagement: ledger.engagement,
            as_of: ledger.as_of,
            half_life_days: model.half_life.days(),
            engagement_order: (model.engagement_order(ledger) * ORDER_SCALE).round() as i64,
            grade: model.grade_at(ledger, now),
        }
    }

    /// The worth of engagement at a moment, not rounded.
    pub fn engagement_at(&self, at: DateTime<Utc>) -> f64 {
        match HalfLife::of_days(self.half_life_days) {
            Some(half_life) => half_life.worth(self.engagement, self.as_of, at),
            None => self.engagement,
        }
    }

    /// Fit and engagement together at a moment, not rounded.
    pub fn total_at(&self, at: DateTime<Utc>) -> f64 {
        f64::from(self.fit) + self.engagement_at(at)
    }
}
