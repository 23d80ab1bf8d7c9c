//! Making a document ready to decide with, and all that is wrong with it.

mod measures;
mod reach;

use super::answer::ReadValue;
use super::document::{
    CriterionDocument, FrameworkDocument, InferenceRule, StageMode, VerdictRule,
};
use super::framework::{Criterion, Demands, Framework, Inference, Inferred};
use super::read::{ReadingHints, read};
use crate::domain::condition::Condition;
use crate::domain::lead_fields::{Field, FieldKind};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::stage::{Stage, StageKind, is_key};
use crate::error::FieldError;
use chrono::{DateTime, Duration};
use serde_json::Value;

impl Framework {
    /// Makes a document ready to decide with that was checked when it was written, by the workspace's rules of today.
    ///
    /// # Errors
    /// Why it cannot be used, by JSON pointers into the document.
    pub fn compile(
        document: &FrameworkDocument,
        rules: &Rules,
    ) -> Result<Framework, Vec<FieldError>> {
        Framework::read(document, rules, Vec::new())
    }

    /// As [`compile`](Self::compile), of a document that is to be written. What counts already goes on, also if it would not be
    /// written so any more.
    ///
    /// # Errors
    /// Everything that is wrong with it, by JSON pointers into the document.
    pub fn check(
        document: &FrameworkDocument,
        rules: &Rules,
    ) -> Result<Framework, Vec<FieldError>> {
        Framework::read(document, rules, moved_between(document, rules))
    }

    fn read(
        document: &FrameworkDocument,
        rules: &Rules,
        moved_between: Vec<&Stage>,
    ) -> Result<Framework, Vec<FieldError>> {
        let mut check = Check {
            rules,
            moved_between,
            errors: Vec::new(),
        };
        let criteria: Vec<Criterion> = (document.criteria.iter().enumerate())
            .map(|(index, criterion)| check.criterion(document, index, criterion))
            .collect();
        if criteria.is_empty() {
            check.wrong("/criteria", "no_criteria", "a framework asks something");
        }
        let verdicts = check.verdicts(&document.verdicts, &criteria);
        let inference = check.inference(&document.inference, &criteria);
        for (verdict, kind) in &document.stages.moves {
            if *kind == StageKind::Converted {
                let name = serde_json::to_value(verdict).unwrap_or_default();
                let at = format!("/stages/moves/{}", name.as_str().unwrap_or_default());
                check.wrong(
                    at,
                    "not_by_verdict",
                    "people convert leads, no verdict does",
                );
            }
        }
        if !check.errors.is_empty() {
            return Err(check.errors);
        }
        Ok(Framework {
            name: document.name.clone(),
            criteria,
            verdicts,
            otherwise: document.otherwise,
            inference,
            trust: document.trust.clone(),
            stages: document.stages.clone(),
            zone: rules.zone(),
        })
    }
}

/// The stages between which verdicts move leads on and back.
fn moved_between<'r>(document: &FrameworkDocument, rules: &'r Rules) -> Vec<&'r Stage> {
    if document.stages.mode != StageMode::Follow {
        return Vec::new();
    }
    // Nothing comes back from where leads are over.
    let given = |kind: StageKind| {
        let mut moves = document.stages.moves.values();
        kind < StageKind::Converted && moves.any(|given| *given == kind)
    };
    let stages: Vec<&Stage> = (rules.pipeline.stages.iter())
        .filter(|stage| !stage.archived && given(stage.kind))
        .collect();
    match stages.iter().any(|stage| stage.kind != stages[0].kind) {
        true => stages,
        // Within a kind nothing is moved.
        false => Vec::new(),
    }
}

struct Check<'r> {
    rules: &'r Rules,
    /// The stages that no condition may tell apart.
    moved_between: Vec<&'r Stage>,
    errors: Vec<FieldError>,
}

impl Check<'_> {
    fn wrong(&mut self, at: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(at, code, detail));
    }

    fn key(&mut self, key: &str, earlier: bool, at: &str) {
        if !is_key(key) {
            self.wrong(
                format!("{at}/key"),
                "invalid_key",
                "a key has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter",
            );
        }
        if earlier {
            self.wrong(format!("{at}/key"), "not_unique", "each key at most once");
        }
    }

    fn criterion(
        &mut self,
        document: &FrameworkDocument,
        index: usize,
        criterion: &CriterionDocument,
    ) -> Criterion {
        let at = format!("/criteria/{index}");
        let earlier = document.criteria[..index]
            .iter()
            .any(|one| one.key == criterion.key);
        self.key(&criterion.key, earlier, &at);
        let max_age_days = criterion.max_age_days.or(document.max_age_days);
        Criterion {
            key: criterion.key.clone(),
            question: criterion.question.clone(),
            required: criterion.required,
            weight: criterion.weight.into(),
            max_age: max_age_days.map(|days| Duration::days(days.into())),
            when_stale: document.when_stale,
            measure: self.measure(&criterion.answer, &format!("{at}/answer")),
        }
    }

    fn place(&mut self, key: &str, criteria: &[Criterion], at: &str) -> Option<usize> {
        let found = criteria.iter().position(|one| one.key == key);
        if found.is_none() {
            let hint = did_you_mean(key, criteria.iter().map(|one| one.key.as_str()));
            self.wrong(
                at,
                "unknown_criterion",
                format!("the framework has no criterion `{}`{hint}", shown_name(key)),
            );
        }
        found
    }

    fn condition(&mut self, value: &Value, at: &str) -> Option<Condition> {
        match Condition::parse(value, self.rules, at) {
            Ok(condition) if condition.depends_on_now() => {
                self.wrong(at, "depends_on_time", "leave out `within` and times counted from now: nobody could tell when the answer changes");
                None
            }
            Ok(condition) if condition.tells_apart(&self.moved_between) => {
                self.wrong(at, "asks_of_itself", "verdicts move leads on and back between these stages, so that one move would undo the other again and again: ask for something else than the stage, or let verdicts move leads `up_only`");
                None
            }
            Ok(condition) => Some(condition),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    fn verdicts(&mut self, rules: &[VerdictRule], criteria: &[Criterion]) -> Vec<Demands> {
        let mut compiled: Vec<Demands> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("/verdicts/{index}/when");
            let mut places = |name: &str, keys: &[String]| -> Vec<usize> {
                let each = keys.iter().enumerate();
                each.filter_map(|(nth, key)| {
                    self.place(key, criteria, &format!("{at}/{name}/{nth}"))
                })
                .collect()
            };
            let when = &rule.when;
            let demands = Demands {
                verdict: rule.verdict,
                met: places("met", &when.met),
                partly: places("partly", &when.partly),
                unmet: places("unmet", &when.unmet),
                met_at_least: when.met_at_least,
                unmet_at_least: when.unmet_at_least,
                lead: when
                    .lead
                    .as_ref()
                    .and_then(|lead| self.condition(lead, &format!("{at}/lead"))),
            };
            if demands.is_impossible(criteria.len()) {
                self.wrong(
                    &at,
                    "never_reached",
                    "no lead can fulfil all of this at once",
                );
            } else if let Some(earlier) = compiled.iter().position(|one| one.covers(&demands)) {
                let detail = format!(
                    "wherever this applies, rule {earlier} does already: put this one before it"
                );
                self.wrong(format!("/verdicts/{index}"), "never_reached", detail);
            }
            compiled.push(demands);
        }
        compiled
    }

    fn inference(&mut self, rules: &[InferenceRule], criteria: &[Criterion]) -> Vec<Inference> {
        let mut compiled = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("/inference/{index}");
            self.key(
                &rule.key,
                rules[..index].iter().any(|one| one.key == rule.key),
                &at,
            );
            let when = match &rule.when {
                Some(when) => self.condition(when, &format!("{at}/when")),
                None => Some(Condition::default()),
            };
            let criterion = self.place(&rule.criterion, criteria, &format!("{at}/criterion"));
            let from = match (&rule.value, &rule.field) {
                (Some(value), None) => {
                    criterion.and_then(|place| self.value(value, &criteria[place], &at))
                }
                (None, Some(field)) => self.field(field, &format!("{at}/field")),
                _ => {
                    self.wrong(&at, "ambiguous", "either `value` or `field`");
                    None
                }
            };
            if let (Some(when), Some(criterion), Some(from)) = (when, criterion, from) {
                compiled.push(Inference {
                    key: rule.key.clone(),
                    when,
                    criterion,
                    from,
                    confidence_permille: rule.confidence_permille,
                });
            }
        }
        compiled
    }

    fn value(&mut self, value: &Value, criterion: &Criterion, at: &str) -> Option<Inferred> {
        let place = format!("{at}/value");
        let read_at = |at| {
            read(
                &criterion.measure,
                value,
                at,
                self.rules.zone(),
                &ReadingHints::default(),
            )
        };
        let reading = read_at(DateTime::UNIX_EPOCH);
        if reading != read_at(DateTime::UNIX_EPOCH + Duration::days(400)) {
            self.wrong(
                place,
                "depends_on_time",
                "nobody says this at a certain time: give a date, such as 2027-03-01",
            );
            return None;
        }
        match reading.map(|reading| reading.read) {
            None | Some(ReadValue::NotUnderstood | ReadValue::NotKnown) => {
                self.wrong(
                    place,
                    "unknown_value",
                    "an answer that the criterion understands, such as one of its options",
                );
                None
            }
            Some(read) => Some(Inferred::Value(read)),
        }
    }

    fn field(&mut self, name: &str, at: &str) -> Option<Inferred> {
        let own = name.strip_prefix("custom.");
        let found = match own {
            Some(key) => {
                let field = self.rules.field(key).filter(|field| !field.archived);
                field.map(|field| Inferred::Custom(field.key.clone()))
            }
            None => Field::ALL
                .iter()
                .find(|field| field.name() == name && field.kind() == FieldKind::Text)
                .map(|field| Inferred::Field(*field)),
        };
        if found.is_none() {
            let hint = did_you_mean(name, Field::ALL.iter().map(|field| field.name()));
            self.wrong(
                at,
                "no_such_field",
                format!(
                    "leads have no such text field{hint}; those of the workspace are `custom.<key>`"
                ),
            );
        }
        found
    }
}
