//! What rules would have made of leads that came in before, beside what happened, summed up.

use crate::domain::qualification::Verdict;
use crate::domain::routing::{Destination, TURN, Turns};
use crate::domain::scoring::Grade;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Leads that a report names.
const SAMPLE: usize = 100;
/// Points of one class of scores.
const CLASS: i32 = 10;

/// What was decided about a lead when it came in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulatedLead)]
pub struct Fate {
    /// Who got it.
    #[schema(required = true)]
    pub owner_id: Option<Uuid>,
    /// The queue it went to.
    #[schema(required = true)]
    pub queue: Option<String>,
    /// What its answers amounted to; `null`: it answered nothing.
    #[schema(required = true)]
    pub verdict: Option<Verdict>,
    /// Letter and figure; `null`: no model counted for it.
    #[schema(required = true, value_type = Option<String>, example = "B2")]
    pub grade: Option<Grade>,
    /// Whole points of its score.
    #[schema(required = true)]
    pub points: Option<i32>,
    /// By when it was to be answered, by the keys of the clocks.
    pub due_at: BTreeMap<String, DateTime<Utc>>,
}

impl Fate {
    /// It goes there.
    pub fn send(&mut self, to: &Destination) {
        match to {
            Destination::Owner(user_id) => self.owner_id = Some(*user_id),
            Destination::Queue(queue) => self.queue = Some(queue.clone()),
        }
    }
}

/// All leads of a simulation on one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationSide)]
pub struct Side {
    /// Leads of each user, by their id.
    pub owners: BTreeMap<String, i64>,
    /// Leads in each queue, by its key.
    pub queues: BTreeMap<String, i64>,
    /// Leads with neither.
    pub unowned: i64,
    /// Leads of each verdict; those without any are left out.
    pub verdicts: BTreeMap<String, i64>,
    /// Leads of each grade.
    pub grades: BTreeMap<String, i64>,
    /// Leads by their points, in classes of ten, by the least points of the class: `-10`, `0`, `10`.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub points: BTreeMap<i32, i64>,
    /// Clocks that started, by their key.
    pub clocks: BTreeMap<String, i64>,
    /// Clocks by the day on which they were due, in the workspace's zone: `2026-11-27`.
    pub due_by_day: BTreeMap<String, i64>,
}

impl Side {
    fn add(&mut self, fate: &Fate, zone: Tz) {
        let one = |counts: &mut BTreeMap<String, i64>, key: String| {
            *counts.entry(key).or_default() += 1;
        };
        match (&fate.owner_id, &fate.queue) {
            (Some(owner), _) => one(&mut self.owners, owner.to_string()),
            (None, Some(queue)) => one(&mut self.queues, queue.clone()),
            (None, None) => self.unowned += 1,
        }
        if let Some(verdict) = fate.verdict {
            one(&mut self.verdicts, verdict.as_str().to_owned());
        }
        if let Some(grade) = fate.grade {
            one(&mut self.grades, grade.to_string());
        }
        if let Some(points) = fate.points {
            let class = points.div_euclid(CLASS) * CLASS;
            *self.points.entry(class).or_default() += 1;
        }
        for (key, due_at) in &fate.due_at {
            one(&mut self.clocks, key.clone());
            let day = due_at.with_timezone(&zone).date_naive();
            one(&mut self.due_by_day, day.to_string());
        }
    }
}

/// How many leads differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationDifferences)]
pub struct Differing {
    /// In anything.
    pub leads: i64,
    /// In who gets them, or in the queue.
    pub owner: i64,
    /// In the verdict.
    pub verdict: i64,
    /// In the grade.
    pub grade: i64,
    /// In a clock: which, or when it is due.
    pub due_at: i64,
}

/// A lead that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationDifference)]
pub struct Difference {
    /// Which lead.
    pub lead_id: Uuid,
    /// What happened.
    pub now: Fate,
    /// What the documents would have made of it.
    pub then: Fate,
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationShare)]
pub struct Share {
    /// Who.
    pub user_id: Uuid,
    /// Leads the pool would have given them.
    pub leads: i64,
    /// Their share of the leads for which they were in the running, by their weight.
    pub expected: f64,
}

/// How fair a pool would have been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationPool)]
pub struct PoolShares {
    /// Its key.
    pub pool: String,
    /// Its members.
    pub members: Vec<Share>,
}

/// What a simulation of the leads of a time has found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SimulationReport)]
pub struct Report {
    /// Leads that were decided about again.
    pub leads: i64,
    /// Leads of which it is not known what they came with: they were merged since, or nothing was decided about them when they came.
    pub left_out: i64,
    /// What happened.
    pub now: Side,
    /// What the documents would have made of it.
    pub then: Side,
    /// How many leads differ.
    pub differing: Differing,
    /// The first of them, at most a hundred.
    #[schema(max_items = 100)]
    pub sample: Vec<Difference>,
    /// The pools that would have given leads.
    pub pools: Vec<PoolShares>,
}

impl Report {
    /// Takes a lead in.
    pub fn add(&mut self, lead_id: Uuid, now: Fate, then: Fate, zone: Tz) {
        self.leads += 1;
        self.now.add(&now, zone);
        self.then.add(&then, zone);
        let differing = &mut self.differing;
        let others = [
            (
                now.owner_id != then.owner_id || now.queue != then.queue,
                &mut differing.owner,
            ),
            (now.verdict != then.verdict, &mut differing.verdict),
            (now.grade != then.grade, &mut differing.grade),
            (now.due_at != then.due_at, &mut differing.due_at),
        ];
        for (differs, count) in others {
            *count += i64::from(differs);
        }
        if now != then {
            differing.leads += 1;
            if self.sample.len() < SAMPLE {
                self.sample.push(Difference { lead_id, now, then });
            }
        }
    }
}

/// What one batch of a simulation hands to the next: the pools begin anew with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The turns of the pools.
    pub turns: BTreeMap<String, Turns>,
    /// Leads that users got.
    pub open_leads: HashMap<Uuid, u32>,
}

impl Memory {
    /// How fair the pools were.
    #[allow(
        clippy::cast_precision_loss,
        reason = "credits are within a thousand turns, far below 2^53 parts"
    )]
    pub fn shares(&self) -> Vec<PoolShares> {
        let of = |(pool, turns): (&String, &Turns)| PoolShares {
            pool: pool.clone(),
            members: turns
                .members
                .iter()
                .map(|member| Share {
                    user_id: member.user_id,
                    leads: member.given,
                    expected: ((member.given as f64 + member.credit as f64 / TURN as f64) * 100.0)
                        .round()
                        / 100.0,
                })
                .collect(),
        };
        let used = self.turns.iter().filter(|(_, turns)| turns.version > 0);
        used.map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_counted_by_what_it_is() {
        let mut report = Report::default();
        let fate = |owner: u128, points: i32| Fate {
            owner_id: Some(Uuid::from_u128(owner)),
            points: Some(points),
            due_at: [("answer".to_owned(), "2026-11-27T23:30:00Z".parse().unwrap())].into(),
            ..Fate::default()
        };
        let zone = chrono_tz::Europe::Berlin;
        report.add(Uuid::from_u128(1), fate(7, -1), fate(7, -1), zone);
        report.add(Uuid::from_u128(2), fate(7, 9), fate(8, 10), zone);
        assert_eq!((report.leads, report.differing.leads), (2, 1));
        assert_eq!((report.differing.owner, report.differing.due_at), (1, 0));
        assert_eq!(report.sample[0].lead_id, Uuid::from_u128(2));
        assert_eq!(report.now.points, [(-10, 1), (0, 1)].into());
        assert_eq!(report.then.points, [(-10, 1), (10, 1)].into());
        assert_eq!(
            report.then.due_by_day,
            [("2026-11-28".to_owned(), 2)].into(),
            "by the workspace's clocks"
        );
        let kept = serde_json::to_value(&report).unwrap();
        assert_eq!(serde_json::from_value::<Report>(kept).unwrap(), report);
    }
}
