//! Scoring a lead: adding what is new, or all of it from nothing.

use super::crossing::{Crossing, Reading};
use super::document::LedgerKind;
use super::ledger::{Entry, GroupValue, Ledger, Position};
use super::model::{EngagementRule, Rule, ScoringModel};
use super::statement::Standing;
use crate::domain::activity::Activity;
use crate::domain::condition::Facts;
use crate::domain::lead::Lead;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A lead, scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// What is to be kept.
    pub ledger: Ledger,
    /// Entries that are new: those of fit, then those of engagement in order. From nothing: all of engagement.
    pub entries: Vec<Entry>,
    /// Entries of fit that no longer count.
    pub ended: Vec<Entry>,
    /// Where the lead stands now.
    pub standing: Standing,
    /// Thresholds and grades that were crossed since the ledger was last told, in order.
    pub crossings: Vec<Crossing>,
}

/// An activity came too late to be added: it would change what later ones were counted for. Score the lead from nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedsAll {
    /// The one that came too late.
    pub late: Position,
}

/// A number that differs from a whole one only by rounding is that one.
const NOISE: f64 = 1e-9;

impl Position {
    /// When an activity counts: when it happened, but not after we learnt of it.
    pub fn of(activity: &Activity) -> Position {
        Position {
            at: activity.occurred_at.min(activity.created_at),
            activity_id: activity.id,
        }
    }
}

impl ScoringModel {
    /// Scores a lead with what is new. `facts` is the lead as it is now, with its activities where the model
    /// [asks](Self::asks_of_activities) of them; `new` are the activities that the ledger does not have yet, in any order.
    ///
    /// # Errors
    /// [`NeedsAll`] when one of them counts before the latest that counted, and a group or a rule that counts once makes the
    /// order matter.
    pub fn score(
        &self,
        facts: &Facts,
        ledger: &Ledger,
        new: &[Activity],
        now: DateTime<Utc>,
    ) -> Result<Scored, NeedsAll> {
        let mut next = ledger.clone();
        let entries = self.add_all(&mut next, facts.lead, new)?;
        Ok(self.finish(next, entries, ledger, facts, now))
    }

    /// Scores a lead from nothing, over all its activities: when a model is activated, after a merge or its undoing, after an
    /// activity was corrected, and where [`score`](Self::score) asks for it. `earlier` is the ledger so far, by which crossings
    /// are told and entries of fit keep their moment; its entries of engagement are replaced by the answer's.
    pub fn rescore(&self, facts: &Facts, earlier: &Ledger, now: DateTime<Utc>) -> Scored {
        let mut next = Ledger {
            told_until: earlier.told_until,
            ..Ledger::default()
        };
        // From nothing, in order, nothing is late.
        let entries = self
            .add_all(&mut next, facts.lead, facts.activities)
            .unwrap_or_default();
        self.finish(next, entries, earlier, facts, now)
    }

    /// As [`rescore`](Self::rescore), of a lead that another model, or another version of this one, scored before: what is
    /// crossed is told by what was met and which grade there was then, for points of another model are others. Of a lead that was
    /// scored before that was kept, nothing is told.
    pub fn take_over(&self, facts: &Facts, earlier: &Ledger, now: DateTime<Utc>) -> Scored {
        let begun = Ledger {
            fit_entries: earlier.fit_entries.clone(),
            ..Ledger::default()
        };
        let scored = self.rescore(facts, &begun, now);
        let is_known = earlier.grade.is_some() || earlier.told_until.is_none();
        Scored {
            crossings: match is_known {
                true => Self::differences(earlier, &scored.ledger, now),
                false => Vec::new(),
            },
            ..scored
        }
    }

    fn finish(
        &self,
        mut next: Ledger,
        engagement: Vec<Entry>,
        earlier: &Ledger,
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> Scored {
        (next.fit, next.fit_entries) = self.fit_entries(facts, &earlier.fit_entries, now);
        let is_in = |entry: &Entry, list: &[Entry]| list.contains(entry);
        let began = |entry: &&Entry| !is_in(entry, &earlier.fit_entries);
        let mut entries: Vec<Entry> = next.fit_entries.iter().filter(began).cloned().collect();
        entries.extend(engagement);
        let goes = |entry: &&Entry| !is_in(entry, &next.fit_entries);
        let ended = earlier.fit_entries.iter().filter(goes).cloned().collect();

        let mut crossings = match earlier.told_until {
            Some(told_until) => self.passed(earlier, told_until, now),
            None => Vec::new(),
        };
        let before = earlier.told_until.map(|_| Reading::of(self, earlier, now));
        let reading = Reading::of(self, &next, now);
        crossings.extend(self.crossed(before, reading, now));
        next.told_until = earlier.told_until.max(Some(now));
        next.met = self.met(reading);
        next.grade = Some(self.grade(reading.fit, reading.engagement));
        Scored {
            standing: self.standing(&next, now),
            ledger: next,
            entries,
            ended,
            crossings,
        }
    }

    /// Every rule of fit that holds, with what its group has room for.
    fn fit_entries(
        &self,
        facts: &Facts,
        earlier: &[Entry],
        now: DateTime<Utc>,
    ) -> (i32, Vec<Entry>) {
        let mut groups = vec![0.0; self.groups.len()];
        let (mut fit, mut entries) = (0.0, Vec::new());
        for fitting in self.fit.iter().filter(|rule| rule.when.holds(facts, now)) {
            let rule = &fitting.rule;
            let added = match rule.group {
                Some(group) => self.room(group, groups[group], rule.points),
                None => rule.points.into(),
            };
            if let Some(group) = rule.group {
                groups[group] += added;
            }
            if added == 0.0 {
                continue;
            }
            fit += added;
            let mut entry = self.entry(rule, LedgerKind::Fit, added, now);
            let same = |known: &&Entry| known.rule == entry.rule && known.points == entry.points;
            if let Some(known) = earlier.iter().find(same) {
                entry.at = known.at;
            }
            entries.push(entry);
        }
        (fit as i32, entries)
    }

    fn add_all(
        &self,
        ledger: &mut Ledger,
        lead: &Lead,
        activities: &[Activity],
    ) -> Result<Vec<Entry>, NeedsAll> {
        let is_meant = |activity: &&Activity| {
            self.by_type.contains_key(&activity.kind) && activity.counts_for(lead)
        };
        let mut ordered: Vec<(Position, &Activity)> = activities
            .iter()
            .filter(is_meant)
            .map(|activity| (Position::of(activity), activity))
            .collect();
        ordered.sort_by_key(|(position, _)| *position);
        let mut entries = Vec::new();
        for (position, activity) in ordered {
            if ledger.last == Some(position) {
                continue;
            }
            let is_late = ledger.last.is_some_and(|last| position < last);
            for rule in self.by_type[&activity.kind]
                .iter()
                .map(|&index| &self.engagement[index])
            {
                if !rule.pattern.accepts(activity, position.at) {
                    continue;
                }
                if is_late && (rule.rule.group.is_some() || ledger.has_counted(rule)) {
                    return Err(NeedsAll { late: position });
                }
                if !ledger.has_counted(rule) {
                    entries.extend(self.add(ledger, rule, position));
                }
            }
        }
        Ok(entries)
    }

    /// Adds what a rule gives for an activity.
    fn add(&self, ledger: &mut Ledger, rule: &EngagementRule, position: Position) -> Option<Entry> {
        if rule.once {
            ledger.counted_once.push(rule.rule.key.clone());
        }
        if ledger.last.is_none_or(|last| position > last) {
            self.carry(ledger, position.at);
            ledger.last = Some(position);
        }
        let added = match rule.rule.group {
            Some(group) => {
                let kept = ledger.group_mut(&self.groups[group].key);
                let added = self.room(group, *kept, rule.rule.points);
                *kept = settled(*kept + added);
                added
            }
            None => rule.rule.points.into(),
        };
        // Late ones are worth less by now.
        ledger.engagement += self.half_life.worth(added, position.at, ledger.as_of);
        ledger.engagement = settled(ledger.engagement);
        (added != 0.0).then(|| Entry {
            activity_id: Some(position.activity_id),
            ..self.entry(&rule.rule, LedgerKind::Engagement, added, position.at)
        })
    }

    /// Makes a later moment the one that values are of.
    fn carry(&self, ledger: &mut Ledger, at: DateTime<Utc>) {
        for group in &mut ledger.groups {
            group.value = self.half_life.worth(group.value, ledger.as_of, at);
        }
        ledger.engagement = self.half_life.worth(ledger.engagement, ledger.as_of, at);
        ledger.as_of = at;
    }

    fn entry(&self, rule: &Rule, ledger: LedgerKind, added: f64, at: DateTime<Utc>) -> Entry {
        let is_whole = added == f64::from(rule.points);
        let group = rule.group.filter(|_| !is_whole);
        Entry {
            rule: rule.key.clone(),
            ledger,
            activity_id: None,
            points: added,
            at,
            capped_by: group.map(|group| self.groups[group].key.clone()),
        }
    }

    /// How many of a rule's points a group has room for at this value.
    pub(super) fn room(&self, group: usize, value: f64, points: i32) -> f64 {
        let limits = &self.groups[group];
        let points = f64::from(points);
        match (limits.cap, limits.floor) {
            (Some(cap), _) if points > 0.0 => points.min((f64::from(cap) - value).max(0.0)),
            (_, Some(floor)) if points < 0.0 => points.max((f64::from(floor) - value).min(0.0)),
            _ => points,
        }
    }
}

impl Ledger {
    /// Whether a rule counts once, and has.
    pub(super) fn has_counted(&self, rule: &EngagementRule) -> bool {
        rule.once && self.counted_once.contains(&rule.rule.key)
    }

    fn group_mut(&mut self, key: &str) -> &mut f64 {
        let index = match self.groups.iter().position(|group| group.group == key) {
            Some(index) => index,
            None => {
                self.groups.push(GroupValue {
                    group: key.to_owned(),
                    value: 0.0,
                });
                self.groups.len() - 1
            }
        };
        &mut self.groups[index].value
    }
}

fn settled(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() < NOISE {
        whole
    } else {
        value
    }
}
