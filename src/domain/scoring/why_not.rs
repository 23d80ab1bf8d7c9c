//! What a lead lacks for a threshold.

use super::crossing::Reading;
use super::document::{LedgerKind, ThresholdDocument, ThresholdOn};
use super::ledger::Ledger;
use super::model::{EngagementRule, Rule, ScoringModel};
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What would have to become of a rule's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// The condition would have to hold.
    Hold,
    /// The condition takes points now, and would have to stop holding.
    StopHolding,
    /// Such an activity would have to happen; only the first brings points.
    HappenOnce,
    /// Such an activity would have to happen; each brings points, as far as its group has room.
    Happen,
}

/// A rule that could bring points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Missing {
    /// The key of the rule.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Where it counts.
    pub ledger: LedgerKind,
    /// What it would bring now, by itself.
    pub points: f64,
    /// What would have to happen.
    pub needs: Move,
    /// The condition, as the model has it; for engagement the types of activity and their `where`.
    #[schema(value_type = Object)]
    pub condition: Value,
}

/// What a lead lacks for a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhyNot {
    /// The key of the threshold.
    pub threshold: String,
    /// What it looks at.
    pub on: ThresholdOn,
    /// The points it asks for.
    pub points: i32,
    /// How many are missing, rounded up to tenths; 0 when it is met.
    pub missing_points: f64,
    /// Rules that could bring points, those that bring most first.
    pub rules: Vec<Missing>,
}

impl ScoringModel {
    /// What is missing to a threshold by its key, or to the one that is nearest of those not met. `None` when there is none.
    pub fn why_not(
        &self,
        facts: &Facts,
        ledger: &Ledger,
        threshold: Option<&str>,
        now: DateTime<Utc>,
    ) -> Option<WhyNot> {
        let reading = Reading::of(self, ledger, now);
        let lacks = |threshold: &ThresholdDocument| lack(reading, threshold);
        let meant = match threshold {
            Some(key) => self.thresholds.iter().find(|known| known.key == key),
            None => self
                .thresholds
                .iter()
                .filter(|known| !reading.has(known.on, known.points))
                .min_by(|left, right| lacks(left).total_cmp(&lacks(right))),
        }?;
        let mut rules = Vec::new();
        if meant.on != ThresholdOn::Engagement {
            rules.extend(self.missing_fit(facts, now));
        }
        if meant.on != ThresholdOn::Fit {
            rules.extend(self.missing_engagement(ledger, now));
        }
        rules.retain(|rule| rule.points > 0.0);
        rules.sort_by(|left, right| right.points.total_cmp(&left.points));
        Some(WhyNot {
            threshold: meant.key.clone(),
            on: meant.on,
            points: meant.points,
            missing_points: (lacks(meant).max(0.0) * 10.0).ceil() / 10.0,
            rules,
        })
    }

    /// Rules of fit whose condition would bring points if it came out the other way, with the groups as they would be then.
    fn missing_fit(&self, facts: &Facts, now: DateTime<Utc>) -> Vec<Missing> {
        let held: Vec<bool> = self
            .fit
            .iter()
            .map(|fit| fit.when.holds(facts, now))
            .collect();
        let sum = |group: Option<usize>, turned: Option<usize>| -> f64 {
            let rules = self.fit.iter().zip(&held).enumerate();
            let members = rules.filter(|(_, (fit, _))| fit.rule.group == group);
            members
                .filter(|(index, (_, held))| **held != (turned == Some(*index)))
                .fold(0.0, |value, (_, (fit, _))| {
                    value
                        + group.map_or(fit.rule.points.into(), |group| {
                            self.room(group, value, fit.rule.points)
                        })
                })
        };
        let changed = |index: usize, rule: &Rule| match rule.group {
            Some(group) => sum(Some(group), Some(index)) - sum(Some(group), None),
            None if held[index] => -f64::from(rule.points),
            None => rule.points.into(),
        };
        let rules = self.fit.iter().enumerate();
        rules
            .map(|(index, fit)| {
                let needs = if held[index] {
                    Move::StopHolding
                } else {
                    Move::Hold
                };
                missing(&fit.rule, LedgerKind::Fit, changed(index, &fit.rule), needs)
            })
            .collect()
    }

    fn missing_engagement(
        &self,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = Missing> {
        let open = self
            .engagement
            .iter()
            .filter(|rule| !ledger.has_counted(rule));
        open.map(move |rule| {
            let needs = if rule.once {
                Move::HappenOnce
            } else {
                Move::Happen
            };
            let points = self.would_add(ledger, rule, now);
            missing(&rule.rule, LedgerKind::Engagement, points, needs)
        })
    }

    /// What an activity of now would add.
    fn would_add(&self, ledger: &Ledger, rule: &EngagementRule, now: DateTime<Utc>) -> f64 {
        let Some(group) = rule.rule.group else {
            return rule.rule.points.into();
        };
        let key = &self.groups[group].key;
        let kept = ledger.groups.iter().find(|kept| kept.group == *key);
        let value = kept.map_or(0.0, |kept| {
            self.half_life.worth(kept.value, ledger.as_of, now)
        });
        self.room(group, value, rule.rule.points)
    }
}

fn lack(reading: Reading, threshold: &ThresholdDocument) -> f64 {
    let points = f64::from(threshold.points);
    match threshold.on {
        ThresholdOn::Fit => points - f64::from(reading.fit),
        ThresholdOn::Engagement => points - reading.engagement,
        ThresholdOn::Total => points - f64::from(reading.fit) - reading.engagement,
    }
}

fn missing(rule: &Rule, ledger: LedgerKind, points: f64, needs: Move) -> Missing {
    Missing {
        rule: rule.key.clone(),
        name: rule.name.clone(),
        ledger,
        points,
        needs,
        condition: rule.asks.clone(),
    }
}
