//! Reading an SLA policy: everything that is wrong is reported, with the place.

use super::document::{Action, ClockRule, Escalation, Recipient, SlaPolicyDocument, ZoneOf};
use crate::domain::condition::Condition;
use crate::domain::nearest::did_you_mean;
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

    /// Reads a policy.
    ///
    /// # Errors
    /// Everything that is wrong with it, by pointers into the document.
    pub fn compile(
        document: &SlaPolicyDocument,
        rules: &Rules,
        references: &References,
    ) -> Result<SlaPolicy, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut compiled: Vec<CompiledRule> = Vec::new();
        for (index, rule) in document.clocks.iter().enumerate() {
            let at = format!("/clocks/{index}");
            let condition = match &rule.when {
                Some(when) => Condition::parse(when, rules, &format!("{at}/when")),
                None => Ok(Condition::default()),
            };
            // A condition that cannot be read hides no rule.
            let (condition, readable) = match condition {
                Ok(condition) => (condition, true),
                Err(wrong) => {
                    errors.extend(wrong);
                    (Condition::default(), false)
                }
            };
            check_rule(rule, &at, &compiled, references, &mut errors);
            check_escalations(&rule.escalations, &at, references, &mut errors);
            let mut rule = rule.clone();
            rule.escalations.sort_by_key(|step| step.at_percent);
            if readable {
                compiled.push(CompiledRule { rule, condition });
            }
        }
        if errors.is_empty() {
            Ok(SlaPolicy { rules: compiled })
        } else {
            Err(errors)
        }
    }

    /// Whether it needs to know the activities of a lead.
    pub fn asks_of_activities(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.condition.asks_of_activities())
    }
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
    let takes_all = |known: &&CompiledRule| {
        known.rule.kind == rule.kind && known.condition == Condition::default()
    };
    if let Some(first) = before.iter().find(takes_all) {
        let detail = format!(
            "`{}` is before it, of the same kind and for every lead: move this one up, or give that one a condition",
            first.rule.key
        );
        wrong("", "never_reached", detail);
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
