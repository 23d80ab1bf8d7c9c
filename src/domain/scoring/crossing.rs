//! Thresholds and grades that a lead's score crosses, and when.

use super::document::ThresholdOn;
use super::grade::Grade;
use super::ledger::Ledger;
use super::model::ScoringModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// What the lead is or did was scored.
    Scoring,
    /// Time went by.
    Decay,
}

/// What was crossed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// A threshold is met.
    ThresholdReached {
        /// Its key.
        threshold: String,
    },
    /// A threshold is no longer met.
    ThresholdLost {
        /// Its key.
        threshold: String,
    },
    /// The grade is another.
    GradeChanged {
        /// The one before; `null` when the lead had none.
        from: Option<Grade>,
        /// The one it has; `null`: none, since no model counts for it any more.
        to: Option<Grade>,
    },
}

/// A threshold or grade that was crossed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Why.
    pub by: ChangedBy,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// What kind of thing was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CrossingType)]
pub enum CrossingKind {
    /// A threshold is met.
    ThresholdReached,
    /// A threshold is no longer met.
    ThresholdLost,
    /// The grade is another.
    GradeChanged,
}

/// How a [`Crossing`] is written: generators of clients do not understand a tagged type within another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Crossing)]
pub struct WrittenCrossing {
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Why.
    pub by: ChangedBy,
    /// What.
    #[serde(rename = "type")]
    pub kind: CrossingKind,
    /// The key of the threshold.
    pub threshold: Option<String>,
    /// The grade before; `null` when the lead had none.
    #[schema(example = "C2")]
    pub from: Option<String>,
    /// The grade it has; `null`: none, since no model counts for it any more.
    #[schema(example = "B2")]
    pub to: Option<String>,
}

/// What decay alone changes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextChange {
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// What.
    #[schema(value_type = Vec<WrittenCrossing>)]
    pub crossings: Vec<Crossing>,
}

/// The points of a lead at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub fit: i32,
    pub engagement: f64,
}

impl Reading {
    pub fn of(model: &ScoringModel, ledger: &Ledger, at: DateTime<Utc>) -> Reading {
        Reading {
            fit: ledger.fit,
            engagement: model.engagement_at(ledger, at),
        }
    }

    /// Whether so many points are there. Whole points are taken from each other, so that nothing is lost to rounding.
    pub fn has(self, on: ThresholdOn, points: i32) -> bool {
        match on {
            ThresholdOn::Fit => self.fit >= points,
            ThresholdOn::Engagement => self.engagement >= f64::from(points),
            ThresholdOn::Total => self.engagement >= level(self.fit, points),
        }
    }
}

/// The engagement that makes a total.
fn level(fit: i32, total: i32) -> f64 {
    f64::from(total) - f64::from(fit)
}

impl ScoringModel {
    /// The microsecond at which decay takes a threshold from the lead; `None` when it never does, the threshold is not met at
    /// the ledger's `as_of`, or there is none of that key.
    pub fn crosses_down_at(&self, ledger: &Ledger, threshold: &str) -> Option<DateTime<Utc>> {
        let threshold = self
            .thresholds
            .iter()
            .find(|known| known.key == threshold)?;
        let level = match threshold.on {
            ThresholdOn::Fit => return None,
            ThresholdOn::Engagement => threshold.points.into(),
            ThresholdOn::Total => level(ledger.fit, threshold.points),
        };
        let at = self
            .half_life
            .reaches(ledger.engagement, ledger.as_of, level)?;
        // Engagement below 0 comes up again.
        (ledger.engagement > 0.0).then_some(at)
    }

    /// What decay alone changes next after `now`, and when: the timer of a worker.
    pub fn next_change(&self, ledger: &Ledger, now: DateTime<Utc>) -> Option<NextChange> {
        let now = now.max(ledger.as_of);
        let before = Reading::of(self, ledger, now);
        let levels = self.levels(ledger.fit);
        let level = if before.engagement > 0.0 {
            levels
                .filter(|level| *level > 0.0 && *level <= before.engagement)
                .max_by(f64::total_cmp)
        } else {
            levels
                .filter(|level| *level < 0.0 && *level > before.engagement)
                .min_by(f64::total_cmp)
        }?;
        let at = self
            .half_life
            .reaches(ledger.engagement, ledger.as_of, level)?;
        let crossings = self
            .compare(Some(before), Reading::of(self, ledger, at))
            .map(|change| Crossing {
                at,
                by: ChangedBy::Decay,
                change,
            })
            .collect();
        Some(NextChange { at, crossings })
    }

    /// What decay alone changes after `from`, up to and with `to`, in order.
    pub fn passed(&self, ledger: &Ledger, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Crossing> {
        let (mut crossings, mut at) = (Vec::new(), from);
        while let Some(next) = self.next_change(ledger, at).filter(|next| next.at <= to) {
            at = next.at;
            crossings.extend(next.crossings);
        }
        crossings
    }

    /// What decay has changed since the ledger was last told, for a timer that is due: the ledger then knows of it, so that
    /// nothing is told twice. Nothing for a lead that was never scored.
    pub fn tell(&self, ledger: &mut Ledger, now: DateTime<Utc>) -> Vec<Crossing> {
        let Some(told_until) = ledger.told_until.filter(|told_until| *told_until < now) else {
            return Vec::new();
        };
        ledger.told_until = Some(now);
        self.passed(ledger, told_until, now)
    }

    pub(super) fn crossed(
        &self,
        before: Option<Reading>,
        after: Reading,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = Crossing> {
        self.compare(before, after).map(move |change| Crossing {
            at: now,
            by: ChangedBy::Scoring,
            change,
        })
    }

    /// The keys of the thresholds that are met.
    pub(super) fn met(&self, reading: Reading) -> Vec<String> {
        let thresholds = self.thresholds.iter();
        let met = thresholds.filter(|one| reading.has(one.on, one.points));
        met.map(|one| one.key.clone()).collect()
    }

    /// What two models say of a lead differently: what was met and is not, also since there is no such threshold any more, what is
    /// met and was not, and the grade.
    pub(super) fn differences(
        before: &Ledger,
        after: &Ledger,
        now: DateTime<Utc>,
    ) -> Vec<Crossing> {
        let news = |these: &[String], others: &[String]| -> Vec<String> {
            let new = these.iter().filter(|key| !others.contains(key));
            new.cloned().collect()
        };
        let lost = news(&before.met, &after.met).into_iter();
        let reached = news(&after.met, &before.met).into_iter();
        let (from, to) = (before.grade, after.grade);
        let grade = (from != to).then_some(Change::GradeChanged { from, to });
        lost.map(|threshold| Change::ThresholdLost { threshold })
            .chain(reached.map(|threshold| Change::ThresholdReached { threshold }))
            .chain(grade)
            .map(|change| Crossing {
                at: now,
                by: ChangedBy::Scoring,
                change,
            })
            .collect()
    }

    /// What is different; everything that is met, for a lead that had no score.
    fn compare(&self, before: Option<Reading>, after: Reading) -> impl Iterator<Item = Change> {
        let thresholds = self.thresholds.iter().filter_map(move |threshold| {
            let has = |reading: Reading| reading.has(threshold.on, threshold.points);
            let key = || threshold.key.clone();
            match (before.is_some_and(has), has(after)) {
                (false, true) => Some(Change::ThresholdReached { threshold: key() }),
                (true, false) => Some(Change::ThresholdLost { threshold: key() }),
                _ => None,
            }
        });
        let grade = |reading: Reading| self.grade(reading.fit, reading.engagement);
        let (from, to) = (before.map(grade), Some(grade(after)));
        let grade = (from != to).then_some(Change::GradeChanged { from, to });
        thresholds.chain(grade)
    }

    /// The engagement at which something changes.
    fn levels(&self, fit: i32) -> impl Iterator<Item = f64> {
        let grades = &self.engagement_grades;
        let thresholds = self
            .thresholds
            .iter()
            .filter_map(move |threshold| match threshold.on {
                ThresholdOn::Fit => None,
                ThresholdOn::Engagement => Some(threshold.points.into()),
                ThresholdOn::Total => Some(level(fit, threshold.points)),
            });
        thresholds.chain([grades.one, grades.two, grades.three].map(f64::from))
    }
}
