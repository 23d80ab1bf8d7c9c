//! The score as a statement of account.

use super::crossing::{NextChange, Reading};
use super::document::LedgerKind;
use super::grade::Grade;
use super::ledger::{Entry, Ledger};
use super::model::ScoringModel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a lead stands at a moment. Engagement and total are rounded down to tenths, so that a number as shown is at least a
/// whole number of points exactly when the score itself is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ScoreStanding)]
pub struct Standing {
    /// Points of fit.
    pub fit: i32,
    /// Worth of engagement.
    pub engagement: f64,
    /// Both.
    pub total: f64,
    /// Letter and figure.
    #[schema(value_type = String, example = "B2", pattern = "^[A-D][1-4]$")]
    pub grade: Grade,
    /// The keys of thresholds that are met.
    pub thresholds: Vec<String>,
}

/// An entry of the statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// The key of the rule.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Where it counts.
    pub ledger: LedgerKind,
    /// The activity that caused it; `null` for fit.
    pub activity_id: Option<Uuid>,
    /// What it added when it was added.
    pub points: f64,
    /// From when it counts.
    pub at: DateTime<Utc>,
    /// Its share of the score now, in tenths; less than a tenth off, so that all of them sum up to the score as shown.
    pub worth_now: f64,
    /// The group that had no room for all of the rule's points.
    pub capped_by: Option<String>,
}

/// Entries of engagement that are not shown one by one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BroughtForward {
    /// How many.
    pub lines: usize,
    /// Their share of the score now.
    pub worth_now: f64,
}

/// The score with all that it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    /// The moment it is of.
    pub at: DateTime<Utc>,
    /// Where the lead stands.
    pub standing: Standing,
    /// Of more entries of engagement than are shown, the older ones in one; `null`: all are shown.
    pub brought_forward: Option<BroughtForward>,
    /// Fit in the order of the model, then engagement, oldest first.
    pub lines: Vec<Line>,
    /// Days in which engagement loses half its worth; `null`: it loses nothing.
    pub half_life_days: Option<f64>,
    /// What decay alone changes next.
    pub next_change: Option<NextChange>,
}

impl ScoringModel {
    /// Where the lead stands.
    pub fn standing(&self, ledger: &Ledger, now: DateTime<Utc>) -> Standing {
        let reading = Reading::of(self, ledger, now);
        let tenths = tenths(reading.engagement);
        let met = self.thresholds.iter();
        Standing {
            fit: ledger.fit,
            engagement: tenths / 10.0,
            total: (f64::from(ledger.fit) * 10.0 + tenths) / 10.0,
            grade: self.grade(reading.fit, reading.engagement),
            thresholds: met
                .filter(|threshold| reading.has(threshold.on, threshold.points))
                .map(|threshold| threshold.key.clone())
                .collect(),
        }
    }

    /// The statement of account. `engagement` are all entries of engagement that the ledger was made of, oldest first, of
    /// which the last `most` are shown.
    pub fn statement(
        &self,
        ledger: &Ledger,
        engagement: &[Entry],
        most: usize,
        now: DateTime<Utc>,
    ) -> Statement {
        let fit = ledger.fit_entries.iter();
        let mut lines: Vec<Line> = fit.map(|entry| self.line(entry, entry.points)).collect();
        // Each line has what it moves the running sum by, in tenths: the last ends at the score.
        let (mut sum, mut shown) = (0.0, 0.0);
        let forward = engagement.len().saturating_sub(most);
        let mut brought_forward = None;
        for (index, entry) in engagement.iter().enumerate() {
            sum += self.half_life.worth(entry.points, entry.at, now);
            let is_last = index + 1 == engagement.len();
            let upto = tenths(if is_last {
                self.engagement_at(ledger, now)
            } else {
                sum
            });
            if index + 1 < forward {
                continue;
            }
            if index + 1 == forward {
                brought_forward = Some(BroughtForward {
                    lines: forward,
                    worth_now: upto / 10.0,
                });
            } else {
                lines.push(self.line(entry, (upto - shown) / 10.0));
            }
            shown = upto;
        }
        Statement {
            at: now,
            standing: self.standing(ledger, now),
            brought_forward,
            lines,
            half_life_days: self.half_life.days(),
            next_change: self.next_change(ledger, now),
        }
    }

    fn line(&self, entry: &Entry, worth_now: f64) -> Line {
        let fit = self.fit.iter().map(|fit| &fit.rule);
        let mut rules = fit.chain(self.engagement.iter().map(|rule| &rule.rule));
        let rule = rules.find(|rule| rule.key == entry.rule);
        Line {
            rule: entry.rule.clone(),
            name: rule.map_or(&entry.rule, |rule| &rule.name).clone(),
            ledger: entry.ledger,
            activity_id: entry.activity_id,
            points: entry.points,
            at: entry.at,
            worth_now,
            capped_by: entry.capped_by.clone(),
        }
    }
}

/// A number of points in tenths, rounded down. Never -0.
pub fn tenths(points: f64) -> f64 {
    (points * 10.0).floor() + 0.0
}
