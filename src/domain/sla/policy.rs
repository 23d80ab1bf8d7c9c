//! Reading an SLA policy: everything that is wrong is reported, with the place.

use super::document::{Action, ClockRule, Escalation, Recipient, SlaPolicyDocument, ZoneOf};
use crate::domain::condition::Condition;
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::stage::is_key;
use crate::error::FieldError;
use std::collections::HashSet;
use uuid::Uuid;

/// What a policy may name.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// Keys of the calendars that there are.
    pub calendars: &'a [String],
    /// Users who can be told something.
    pub users: &'a HashSet<Uuid>,
}

/// A rule, ready to be judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompiledRule {
    pub rule: ClockRule,
    pub condition: Condition,
}

/// A policy, ready to decide by. Escalations are in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SlaPolicy {
    pub(super) rules: Vec<CompiledRule>,
}

impl SlaPolicy {
    /// Whether it starts no clock, whatever happens.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reads a policy to decide by. Rules that no lead comes to do no harm in it.
    ///
    /// # Errors
    /// Everything that is wrong with it, by pointers into the document.
    pub fn compile(
        document: &SlaPolicyDocument,
        rules: &Rules,
        references: &References,
    ) -> Result<SlaPolicy, Vec<FieldError>> {
        let reader = Reader::read(document, rules, references);
        if reader.errors.is_empty() {
            Ok(SlaPolicy {
                rules: reader.rules,
            })
        } else {
            Err(reader.everything())
        }
    }

    /// Whether a policy may be written.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and rules that no lead comes to.
    pub fn check(
        document: &SlaPolicyDocument,
        rules: &Rules,
        references: &References,
    ) -> Result<(), Vec<FieldError>> {
        let wrong = Reader::read(document, rules, references).everything();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Whether it needs to know the activities of a lead.
    pub fn asks_of_activities(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.condition.asks_of_activities())
    }
}

/// What was read of a policy so far.
#[derive(Default)]
struct Reader {
    rules: Vec<CompiledRule>,
    errors: Vec<FieldError>,
    unreachable: Vec<FieldError>,
}

impl Reader {
    fn read(document: &SlaPolicyDocument, rules: &Rules, references: &References) -> Reader {
        let mut reader = Reader::default();
        for (index, rule) in document.clocks.iter().enumerate() {
            let at = format!("/clocks/{index}");
            let condition = match &rule.when {
                Some(when) => Condition::parse(when, rules, &format!("{at}/when")),
                None => Ok(Condition::default()),
            };
            check_rule(rule, &at, &reader.rules, references, &mut reader.errors);
            check_escalations(&rule.escalations, &at, references, &mut reader.errors);
            // A condition that cannot be read hides no rule.
            match condition {
                Ok(condition) => reader.take(rule, condition, &at),
                Err(wrong) => reader.errors.extend(wrong),
            }
        }
        reader
    }

    fn take(&mut self, rule: &ClockRule, condition: Condition, at: &str) {
        let found = unreachable(rule, &condition, &self.rules, at);
        self.unreachable.extend(found);
        let mut rule = rule.clone();
        rule.escalations.sort_by_key(|step| step.at_percent);
        self.rules.push(CompiledRule { rule, condition });
    }

    fn everything(self) -> Vec<FieldError> {
        self.errors.into_iter().chain(self.unreachable).collect()
    }
}

/// Why no lead comes to a rule, if so.
fn unreachable(
    rule: &ClockRule,
    condition: &Condition,
    before: &[CompiledRule],
    at: &str,
) -> Option<FieldError> {
    if condition.never_holds() {
        let detail = "no lead can meet this: an empty `any` never holds";
        return Some(FieldError::new(format!("{at}/when"), "never_holds", detail));
    }
    let hides = |earlier: &&CompiledRule| {
        earlier.rule.kind == rule.kind
            && (earlier.condition.always_holds() || earlier.condition == *condition)
    };
    let earlier = before.iter().find(hides)?;
    let detail = format!(
        "`{}` is before it, of the same kind, and takes every lead that this one could: move this one up, or give that one another condition",
        shown_name(&earlier.rule.key)
    );
    Some(FieldError::new(at, "never_reached", detail))
}

fn check_rule(
    rule: &ClockRule,
    at: &str,
    before: &[CompiledRule],
    references: &References,
    errors: &mut Vec<FieldError>,
) {
    let mut wrong = |name: &str, code, detail: String| {
        errors.push(FieldError::new(format!("{at}{name}"), code, detail));
    };
    if !is_key(&rule.key) {
        let detail = "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
        wrong("/key", "invalid_key", detail.to_owned());
    }
    if before.iter().any(|known| known.rule.key == rule.key) {
        wrong("/key", "not_unique", "each key at most once".to_owned());
    }
    if rule.name.trim().is_empty() {
        wrong("/name", "empty_name", "a clock has a name".to_owned());
    }
    match &rule.calendar {
        Some(key) if !references.calendars.contains(key) => {
            let hint = did_you_mean(key, references.calendars.iter().map(String::as_str));
            let detail = format!("must be the key of a calendar{hint}");
            wrong("/calendar", "unknown_calendar", detail);
        }
        None if rule.zone != ZoneOf::Calendar => {
            let detail = "around the clock is the same in every zone: name a calendar, or leave out the zone";
            wrong("/zone", "zone_without_calendar", detail.to_owned());
        }
        _ => {}
    }
}

fn check_escalations(
    escalations: &[Escalation],
    at: &str,
    references: &References,
    errors: &mut Vec<FieldError>,
) {
    for (index, step) in escalations.iter().enumerate() {
        let at = format!("{at}/escalations/{index}");
        let earlier = &escalations[..index];
        if earlier.iter().any(|one| one.at_percent == step.at_percent) {
            errors.push(FieldError::new(
                format!("{at}/at_percent"),
                "percent_twice",
                "another escalation is at this percentage: put all actions into one",
            ));
        }
        for (index, action) in step.actions.iter().enumerate() {
            if let Some((name, code, detail)) = wrong_action(action, references) {
                let at = format!("{at}/actions/{index}/{name}");
                errors.push(FieldError::new(at, code, detail));
            }
        }
    }
}

fn wrong_action(
    action: &Action,
    references: &References,
) -> Option<(&'static str, &'static str, &'static str)> {
    match action {
        Action::Notify { to, user_id } => match (to, user_id) {
            (Recipient::User, None) => {
                Some(("user_id", "user_missing", "say which user is to be told"))
            }
            (Recipient::User, Some(id)) if !references.users.contains(id) => Some((
                "user_id",
                "unknown_user",
                "must be an active user of the workspace",
            )),
            (Recipient::Owner | Recipient::Team | Recipient::Manager, Some(_)) => Some((
                "user_id",
                "user_not_used",
                "leave it out, or set `to` to `user`",
            )),
            _ => None,
        },
        Action::Task { title } if title.trim().is_empty() => {
            Some(("title", "empty_title", "a task has a title"))
        }
        _ => None,
    }
}
