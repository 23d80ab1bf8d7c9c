//! Making a document ready to decide with, and all that is wrong with it.

use super::answer::ReadValue;
use super::depends::depends_on_now;
use super::document::Amount;
use super::document::{
    AnswerType, CriterionDocument, FrameworkDocument, InferenceRule, VerdictRule,
};
use super::framework::{Criterion, Demands, Framework, Inference, Inferred, Measure};
use super::read::{ReadingHints, read};
use super::timing::{PHRASES, When};
use super::words::{Lexicon, fold, phrase_form};
use crate::domain::condition::Condition;
use crate::domain::lead_fields::{Field, FieldKind};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::normalise::currency::currency;
use crate::domain::rules::Rules;
use crate::domain::stage::{StageKind, is_key};
use crate::error::FieldError;
use chrono::{DateTime, Duration};
use serde_json::Value;
use std::collections::HashMap;

impl Framework {
    /// Makes a document ready to decide with, by the workspace's rules of today.
    ///
    /// # Errors
    /// Everything that is wrong with it, by JSON pointers into the document.
    pub fn compile(
        document: &FrameworkDocument,
        rules: &Rules,
    ) -> Result<Framework, Vec<FieldError>> {
        let mut check = Check {
            rules,
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

struct Check<'r> {
    rules: &'r Rules,
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

    fn measure(&mut self, answer: &AnswerType, at: &str) -> Measure {
        match answer {
            AnswerType::Money { met, partly, rates } => self.money(met, partly, rates.iter(), at),
            AnswerType::Choice { options } => {
                let mut seen: HashMap<String, usize> = HashMap::new();
                for (index, option) in options.iter().enumerate() {
                    let place = format!("{at}/options/{index}");
                    if options[..index].iter().any(|one| one.value == option.value) {
                        self.wrong(
                            format!("{place}/value"),
                            "not_unique",
                            "each option at most once",
                        );
                    }
                    for (word, phrase) in option.words.iter().enumerate() {
                        let place = format!("{place}/words/{word}");
                        self.word(phrase, &place);
                        let form = phrase_form(phrase).unwrap_or_default();
                        if *seen.entry(form).or_insert(index) != index {
                            self.wrong(
                                place,
                                "ambiguous_word",
                                "another option has this word: leave it to one of them",
                            );
                        }
                    }
                }
                if !options
                    .iter()
                    .any(|one| one.state == super::AnswerState::Met)
                {
                    self.wrong(
                        format!("{at}/options"),
                        "never_met",
                        "no option meets the criterion: give one the state `met`",
                    );
                }
                let own = |(index, one): (usize, &'_ super::ChoiceOption)| -> Vec<(String, usize)> {
                    let words = [&one.value, &one.name].into_iter().chain(&one.words);
                    words.map(|word| (word.clone(), index)).collect()
                };
                let words: Vec<(String, usize)> =
                    options.iter().enumerate().flat_map(own).collect();
                Measure::Choice {
                    options: options
                        .iter()
                        .map(|one| (one.value.clone(), one.state))
                        .collect(),
                    words: Lexicon::new(words.iter().map(|(word, index)| (word.as_str(), *index))),
                }
            }
            AnswerType::Text { words, otherwise } => {
                for word in words.keys() {
                    self.word(word, &format!("{at}/words/{}", escaped(word)));
                }
                Measure::Text {
                    words: Lexicon::new(words.iter().map(|(word, state)| (word.as_str(), *state))),
                    otherwise: *otherwise,
                }
            }
            AnswerType::Timing {
                met_within_days,
                partly_within_days,
                words,
            } => {
                if partly_within_days.is_some_and(|partly| partly <= *met_within_days) {
                    self.wrong(
                        format!("{at}/partly_within_days"),
                        "never_reached",
                        "more days than `met_within_days`, or leave it out",
                    );
                }
                let mut own = Vec::new();
                for (word, meaning) in words {
                    let place = format!("{at}/words/{}", escaped(word));
                    self.word(word, &place);
                    match PHRASES.find_all(&fold(meaning)).or_else(|| span(meaning)) {
                        Some(when) => own.push((word.as_str(), when)),
                        None => self.wrong(place, "unknown_time", "such as `asap`, `this_quarter`, `next_year`, `6 months`, `no_plans`, `unknown`"),
                    }
                }
                Measure::Timing {
                    met: Duration::days((*met_within_days).into()),
                    partly: partly_within_days.map(|days| Duration::days(days.into())),
                    words: Lexicon::new(own),
                }
            }
            AnswerType::Boolean { met } => Measure::Boolean { met: *met },
            AnswerType::Number {
                met_from,
                partly_from,
            } => {
                if partly_from.is_some_and(|partly| partly >= *met_from) {
                    self.wrong(
                        format!("{at}/partly_from"),
                        "never_reached",
                        "less than `met_from`, or leave it out",
                    );
                }
                Measure::Number {
                    met_from: *met_from,
                    partly_from: *partly_from,
                }
            }
        }
    }

    fn word(&mut self, word: &str, at: &str) {
        if phrase_form(word).is_none() {
            self.wrong(at, "no_word", "a word has a letter or a digit");
        }
    }

    fn money<'a>(
        &mut self,
        met: &[Amount],
        partly: &[Amount],
        rates: impl Iterator<Item = (&'a String, &'a f64)>,
        at: &str,
    ) -> Measure {
        for (name, list) in [("met", met), ("partly", partly)] {
            for (index, amount) in list.iter().enumerate() {
                let place = format!("{at}/{name}/{index}");
                if currency(&amount.currency) != Some(amount.currency.as_str()) {
                    self.wrong(
                        format!("{place}/currency"),
                        "unknown_currency",
                        "a code of ISO 4217 in capitals, such as EUR",
                    );
                }
                if list[..index]
                    .iter()
                    .any(|one| one.currency == amount.currency)
                {
                    self.wrong(place, "not_unique", "each currency at most once");
                } else if name == "partly" {
                    let full = met.iter().find(|one| one.currency == amount.currency);
                    if full.is_none_or(|full| full.amount_minor <= amount.amount_minor) {
                        self.wrong(
                            place,
                            "never_reached",
                            "less than an amount of the same currency in `met`, or leave it out",
                        );
                    }
                }
            }
        }
        let rates: Vec<(String, f64)> = rates.map(|(code, rate)| (code.clone(), *rate)).collect();
        for (code, rate) in &rates {
            let place = format!("{at}/rates/{}", escaped(code));
            if currency(code) != Some(code.as_str()) {
                self.wrong(
                    place,
                    "unknown_currency",
                    "a code of ISO 4217 in capitals, such as EUR",
                );
            } else if met.is_empty() || met.iter().any(|one| one.currency == *code) {
                self.wrong(
                    place,
                    "never_used",
                    "rates are for currencies that `met` does not have, and need an amount there",
                );
            } else if !rate.is_finite() || *rate <= 0.0 {
                self.wrong(place, "impossible_rate", "a rate is greater than zero");
            }
        }
        Measure::Money {
            met: met.to_vec(),
            partly: partly.to_vec(),
            rates,
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
            Ok(condition) if depends_on_now(&condition) => {
                self.wrong(at, "depends_on_time", "leave out `within` and times counted from now: nobody could tell when the answer changes");
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

impl Demands {
    /// Whether no states of so many criteria fulfil it.
    fn is_impossible(&self, criteria: usize) -> bool {
        let clash = |at: &usize| self.unmet.contains(at);
        let only_partly = self.partly.iter().any(clash);
        let met = usize::from(self.met_at_least).max(distinct(&self.met));
        let unmet = usize::from(self.unmet_at_least).max(distinct(&self.unmet));
        self.met.iter().any(clash) || only_partly || met + unmet > criteria
    }

    /// Whether it applies wherever the other one does.
    fn covers(&self, other: &Demands) -> bool {
        let within = |of: &[usize], in_: &[usize]| of.iter().all(|at| in_.contains(at));
        within(&self.met, &other.met)
            && self
                .partly
                .iter()
                .all(|at| other.partly.contains(at) || other.met.contains(at))
            && within(&self.unmet, &other.unmet)
            && usize::from(self.met_at_least)
                <= usize::from(other.met_at_least).max(distinct(&other.met))
            && usize::from(self.unmet_at_least)
                <= usize::from(other.unmet_at_least).max(distinct(&other.unmet))
            && (self.lead.is_none() || self.lead == other.lead)
    }
}

fn distinct(places: &[usize]) -> usize {
    (0..places.len())
        .filter(|at| !places[..*at].contains(&places[*at]))
        .count()
}

/// `6 months`, `30 days`.
fn span(meaning: &str) -> Option<When> {
    let (count, unit) = meaning.trim().split_once([' ', '_'])?;
    let count: u32 = count.parse().ok().filter(|count| *count <= 3650)?;
    match unit {
        "day" | "days" => Some(When::InDays(count.into())),
        "week" | "weeks" => Some(When::InDays(u64::from(count) * 7)),
        "month" | "months" => Some(When::InMonths(count)),
        "year" | "years" => Some(When::InMonths(count * 12)),
        _ => None,
    }
}

/// A name as part of a JSON pointer (RFC 6901), not too long.
fn escaped(name: &str) -> String {
    shown_name(name).replace('~', "~0").replace('/', "~1")
}
