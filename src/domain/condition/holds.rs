//! Judging a condition in memory, over what is known of one lead.

use super::activity::{ActivityCheck, ActivityPattern, ActivityTest};
use super::column::Column;
use super::comparison::{Datum, Test};
use super::field::Field;
use super::forms::{Forms, custom_forms, tag_forms};
use super::{Condition, LeadCheck, Node};
use crate::domain::activity::Activity;
use crate::domain::lead::Lead;
use crate::domain::stage::Stage;
use chrono::{DateTime, Utc};

/// What is known of a lead.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The lead.
    pub lead: &'a Lead,
    /// Its activities, in any order. May be left empty for a condition that does not [ask](Condition::asks_of_activities).
    pub activities: &'a [Activity],
}

impl Condition {
    /// Whether it holds at `now`.
    pub fn holds(&self, facts: &Facts, now: DateTime<Utc>) -> bool {
        self.root.holds(&|check| check.holds(facts, now))
    }

    /// Whether it needs to know the activities.
    pub fn asks_of_activities(&self) -> bool {
        self.root
            .has(&|check| matches!(check, LeadCheck::Activity(_)))
    }

    /// Whether it asks of what scoring says of a lead.
    pub fn asks_of_score(&self) -> bool {
        self.root.has(&|check| {
            matches!(
                check,
                LeadCheck::Field(Field::Column(Column::Fit | Column::Grade), _)
            )
        })
    }

    /// Whether it holds for a lead in one of these stages and not for the same lead in another.
    pub fn tells_apart(&self, stages: &[&Stage]) -> bool {
        self.root.has(&|check| {
            let LeadCheck::Field(Field::Column(column), test) = check else {
                return false;
            };
            let name: fn(&Stage) -> &str = match column {
                Column::Stage => |stage| &stage.key,
                Column::StageKind => |stage| stage.kind.as_str(),
                _ => return false,
            };
            let holds = |stage: &&Stage| {
                let named = Datum::Text(name(stage));
                test.comparison.holds(Some(named), DateTime::UNIX_EPOCH)
            };
            stages.iter().any(holds) && !stages.iter().all(holds)
        })
    }

    /// Whether it asks who has a lead, or where it waits.
    pub fn asks_who_has_it(&self) -> bool {
        self.root.has(&|check| {
            matches!(
                check,
                LeadCheck::Field(
                    Field::Column(Column::OwnerId | Column::TeamId | Column::Queue),
                    _
                )
            )
        })
    }
}

impl<C> Node<C> {
    fn holds(&self, check: &impl Fn(&C) -> bool) -> bool {
        match self {
            Node::All(parts) => parts.iter().all(|part| part.holds(check)),
            Node::Any(parts) => parts.iter().any(|part| part.holds(check)),
            Node::Not(part) => !part.holds(check),
            Node::Check(single) => check(single),
        }
    }

    pub(super) fn has(&self, wanted: &impl Fn(&C) -> bool) -> bool {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().any(|part| part.has(wanted)),
            Node::Not(part) => part.has(wanted),
            Node::Check(single) => wanted(single),
        }
    }
}

impl LeadCheck {
    fn holds(&self, facts: &Facts, now: DateTime<Utc>) -> bool {
        match self {
            LeadCheck::Field(field, test) => field_holds(field, test, facts.lead, now),
            LeadCheck::Activity(test) => test.holds(facts, now),
        }
    }
}

fn field_holds(field: &Field, test: &Test, lead: &Lead, now: DateTime<Utc>) -> bool {
    let comparison = &test.comparison;
    let holds = match field {
        Field::Column(column) => comparison.holds(column.value(lead), now),
        Field::Attribution(touch, key) => comparison.holds(key.value(touch.of(lead)), now),
        Field::Tags => Forms::of_texts(comparison).fits(&tag_forms(lead)),
        Field::Custom(custom) => {
            Forms::of_custom(custom, comparison, now).fits(&custom_forms(custom, lead))
        }
    };
    holds != test.negated
}

impl ActivityTest {
    fn holds(&self, facts: &Facts, now: DateTime<Utc>) -> bool {
        let since = self.within.map(|within| within.before(now));
        let counts = |activity: &&Activity| {
            let at = activity.occurred_at.timestamp_micros();
            self.types.contains(&activity.kind)
                && activity.counts_for(facts.lead)
                && since.is_none_or(|since| {
                    at >= since.timestamp_micros() && at <= now.timestamp_micros()
                })
                && self.filter.holds(&|check| check.holds(activity, now))
        };
        let enough = self.count.enough();
        let found = facts
            .activities
            .iter()
            .filter(counts)
            .take(usize::try_from(enough).unwrap_or(usize::MAX))
            .count();
        self.count.accepts(u32::try_from(found).unwrap_or(u32::MAX))
    }
}

impl ActivityPattern {
    /// Whether an activity of one of its types, which is not looked at again, is meant. Relative times count from `now`.
    pub fn accepts(&self, activity: &Activity, now: DateTime<Utc>) -> bool {
        self.filter.holds(&|check| check.holds(activity, now))
    }
}

impl ActivityCheck {
    fn holds(&self, activity: &Activity, now: DateTime<Utc>) -> bool {
        self.test.comparison.holds(self.field.value(activity), now) != self.test.negated
    }
}
