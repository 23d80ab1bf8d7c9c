//! Making what answers are measured by, and all that is wrong with it.

use super::Check;
use crate::domain::nearest::shown_name;
use crate::domain::normalise::currency::currency;
use crate::domain::qualification::AnswerState;
use crate::domain::qualification::document::{Amount, AnswerType, ChoiceOption};
use crate::domain::qualification::framework::Measure;
use crate::domain::qualification::timing::{PHRASES, When};
use crate::domain::qualification::words::{Lexicon, fold, phrase_form};
use chrono::Days;
use std::collections::HashMap;

impl Check<'_> {
    pub(super) fn measure(&mut self, answer: &AnswerType, at: &str) -> Measure {
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
                if !options.iter().any(|one| one.state == AnswerState::Met) {
                    self.wrong(
                        format!("{at}/options"),
                        "never_met",
                        "no option meets the criterion: give one the state `met`",
                    );
                }
                let own = |(index, one): (usize, &'_ ChoiceOption)| -> Vec<(String, usize)> {
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
                    met: Days::new((*met_within_days).into()),
                    partly: partly_within_days.map(|days| Days::new(days.into())),
                    zone: self.rules.zone(),
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
