//! Starting clocks: which rule applies to a lead, and when each of its moments is.

use super::clock::{CalendarUsed, Clock, ClockStep};
use super::document::{ClockKind, ClockRule, ZoneOf};
use super::policy::{CompiledRule, SlaPolicy};
use crate::domain::calendar::{Calendar, NeverOpen};
use crate::domain::condition::Facts;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

/// A version of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedCalendar {
    /// Its version.
    pub version: i64,
    /// What it says.
    pub calendar: Calendar,
}

/// The active calendars by key.
pub type Calendars = HashMap<String, VersionedCalendar>;

/// The zones that are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zones {
    /// The owner's.
    pub owner: Option<Tz>,
    /// The team's.
    pub team: Option<Tz>,
    /// The lead's.
    pub lead: Option<Tz>,
}

/// What makes clocks start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A lead came in: `first_response`, `qualify`.
    Captured,
    /// It got an owner who has to accept it: `accept`.
    Assigned,
    /// A person turned to it at that moment: `next_touch`, from then on, after each time.
    Touched(DateTime<Utc>),
}

impl Trigger {
    /// Kinds of clocks that it starts.
    pub fn kinds(self) -> &'static [ClockKind] {
        match self {
            Trigger::Captured => &[ClockKind::FirstResponse, ClockKind::Qualify],
            Trigger::Assigned => &[ClockKind::Accept],
            Trigger::Touched(_) => &[ClockKind::NextTouch],
        }
    }
}

/// Whether and why a rule was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClockRuleOutcome)]
pub enum Outcome {
    /// It was the first that applied.
    Chosen,
    /// It was, and as its calendar is gone or has no opening, it counts around the clock: nobody waits forgotten.
    ChosenAroundTheClock,
    /// Its condition does not hold.
    ConditionNotMet,
    /// One before it applied.
    AfterTheFirst,
}

/// A rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Considered {
    /// Its key.
    pub key: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// A clock that starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClockStart {
    /// What it waits for.
    pub kind: ClockKind,
    /// Key of the rule.
    pub key: String,
    /// When it starts.
    pub started_at: DateTime<Utc>,
    /// How much opening time there is.
    pub within_seconds: i64,
    /// When it is breached.
    pub due_at: DateTime<Utc>,
    /// Its escalations in order, each with its moment.
    pub steps: Vec<ClockStep>,
    /// What it counts by.
    pub calendar: CalendarUsed,
}

/// What was decided for one kind of clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClockDecision {
    /// The kind.
    pub kind: ClockKind,
    /// The clock that starts; none when no rule applies.
    pub start: Option<ClockStart>,
    /// The rules of this kind in the order of the policy, and why each was followed or not.
    pub considered: Vec<Considered>,
}

impl SlaPolicy {
    /// Decides at `at` which clocks of these kinds run from `from` on, one answer a kind.
    pub fn start(
        &self,
        facts: &Facts,
        calendars: &Calendars,
        zones: &Zones,
        kinds: &[ClockKind],
        (at, from): (DateTime<Utc>, DateTime<Utc>),
    ) -> Vec<ClockDecision> {
        kinds
            .iter()
            .map(|kind| self.start_one(facts, calendars, zones, *kind, (at, from)))
            .collect()
    }

    fn start_one(
        &self,
        facts: &Facts,
        calendars: &Calendars,
        zones: &Zones,
        kind: ClockKind,
        (at, from): (DateTime<Utc>, DateTime<Utc>),
    ) -> ClockDecision {
        let mut decision = ClockDecision {
            kind,
            start: None,
            considered: Vec::new(),
        };
        let of_kind = |rule: &&CompiledRule| rule.rule.kind == kind;
        for CompiledRule { rule, condition } in self.rules.iter().filter(of_kind) {
            let outcome = if decision.start.is_some() {
                Outcome::AfterTheFirst
            } else if !condition.holds(facts, at) {
                Outcome::ConditionNotMet
            } else {
                let (start, outcome) = start_rule(rule, calendars, zones, from);
                decision.start = start;
                outcome
            };
            decision.considered.push(Considered {
                key: rule.key.clone(),
                outcome,
            });
        }
        decision
    }
}

fn start_rule(
    rule: &ClockRule,
    calendars: &Calendars,
    zones: &Zones,
    at: DateTime<Utc>,
) -> (Option<ClockStart>, Outcome) {
    let always = (Calendar::default(), CalendarUsed::always());
    let chosen = match &rule.calendar {
        None => Some(always.clone()),
        Some(key) => calendars
            .get(key)
            .map(|known| calendar_of(key, known, rule.zone, zones)),
    };
    let counted = |(calendar, used): (Calendar, CalendarUsed)| build(rule, &calendar, used, at);
    match chosen.map(counted) {
        Some(Ok(start)) => (Some(start), Outcome::Chosen),
        Some(Err(NeverOpen)) | None => (counted(always).ok(), Outcome::ChosenAroundTheClock),
    }
}

impl SlaPolicy {
    /// By whose clocks a clock of a rule counts; `None`: there is no such rule.
    pub fn zone_of(&self, rule: &str) -> Option<ZoneOf> {
        let mut rules = self.rules.iter().map(|compiled| &compiled.rule);
        rules
            .find(|known| known.key == rule)
            .map(|known| known.zone)
    }
}

/// A calendar by the clocks of whom a rule names; by its own where their zone is not known.
pub fn calendar_of(
    key: &str,
    known: &VersionedCalendar,
    zone: ZoneOf,
    zones: &Zones,
) -> (Calendar, CalendarUsed) {
    let wanted = match zone {
        ZoneOf::Calendar => None,
        ZoneOf::Owner => zones.owner,
        ZoneOf::Team => zones.team,
        ZoneOf::Lead => zones.lead,
    };
    let calendar = known
        .calendar
        .in_zone(wanted.unwrap_or(known.calendar.zone()));
    let used = CalendarUsed {
        key: Some(key.to_owned()),
        version: Some(known.version),
        zone: calendar.zone().name().to_owned(),
        zone_of: if wanted.is_some() {
            zone
        } else {
            ZoneOf::Calendar
        },
    };
    (calendar, used)
}

fn build(
    rule: &ClockRule,
    calendar: &Calendar,
    used: CalendarUsed,
    at: DateTime<Utc>,
) -> Result<ClockStart, NeverOpen> {
    let within_seconds = i64::from(rule.within_minutes) * 60;
    let due = |percent| calendar.due(at, Clock::part(within_seconds, percent));
    let steps = rule.escalations.iter().map(|step| {
        Ok(ClockStep {
            at_percent: step.at_percent,
            actions: step.actions.clone(),
            at: due(step.at_percent)?,
            fired_at: None,
        })
    });
    Ok(ClockStart {
        kind: rule.kind,
        key: rule.key.clone(),
        started_at: at,
        within_seconds,
        due_at: due(100)?,
        steps: steps.collect::<Result<_, NeverOpen>>()?,
        calendar: used,
    })
}
