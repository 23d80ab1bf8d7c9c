//! Reading what somebody said. What is not understood is kept as said: nothing is lost.

use super::amounts::{Figure, currency_in, figure, in_minor};
use super::answer::{ReadAnswer, ReadValue, ReadingNote};
use super::document::Amount;
use super::framework::{Framework, Measure};
use super::judge::judge;
use super::timing::{self, TimeRead, end_of};
use super::words::{Lexicon, fold};
use crate::domain::nearest::did_you_mean;
use crate::domain::normalise::currency::currency;
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use std::sync::LazyLock;

/// What helps to read an answer: what is known of the lead, or else of the workspace.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadingHints<'a> {
    /// The currency that is meant where none is said, ISO 4217.
    pub currency: Option<&'a str>,
    /// The country, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
}

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub read: ReadValue,
    pub confidence_permille: u16,
    pub notes: Vec<ReadingNote>,
}

impl Reading {
    fn of(read: ReadValue, notes: Vec<ReadingNote>) -> Reading {
        let sure = notes.iter().fold(1000u32, |sure, note| {
            let left = match note {
                ReadingNote::CautiousEnd | ReadingNote::Approximate => 900,
                ReadingNote::CurrencyAssumed | ReadingNote::DateOrderAssumed => 800,
                ReadingNote::Unsure => 600,
            };
            sure * left / 1000
        });
        let understood = !matches!(read, ReadValue::NotUnderstood | ReadValue::NotKnown);
        Reading {
            read,
            confidence_permille: if understood { sure as u16 } else { 0 },
            notes,
        }
    }

    fn plain(read: ReadValue) -> Reading {
        Reading::of(read, Vec::new())
    }
}

impl Framework {
    /// Reads an answer that was given at `at`; relative times count from then, in the workspace's zone.
    ///
    /// Words that are not understood are no error: they read as [`ReadValue::NotUnderstood`], and an empty value as
    /// [`ReadValue::NotKnown`].
    ///
    /// # Errors
    /// `unknown_criterion`, and `impossible_value` for a JSON type that can be no answer; at `/answers/<criterion>`.
    pub fn read_answer(
        &self,
        criterion: &str,
        value: &Value,
        at: DateTime<Utc>,
        hints: &ReadingHints,
    ) -> Result<ReadAnswer, FieldError> {
        let pointer = || {
            format!(
                "/answers/{}",
                criterion.replace('~', "~0").replace('/', "~1")
            )
        };
        let Some(place) = self.place(criterion) else {
            let known = self.criteria.iter().map(|one| one.key.as_str());
            let detail = format!(
                "the framework asks nothing of this name{}",
                did_you_mean(criterion, known)
            );
            return Err(FieldError::new(pointer(), "unknown_criterion", detail));
        };
        let asked = &self.criteria[place];
        let Some(reading) = read(&asked.measure, value, at, self.zone, hints) else {
            let detail = "an answer is a text, a number, a boolean, or for money {\"amount_minor\": 2500000, \"currency\": \"EUR\"}";
            return Err(FieldError::new(pointer(), "impossible_value", detail));
        };
        let judged = judge(asked, &reading.read, None, Some(at), at);
        Ok(ReadAnswer {
            read: reading.read,
            state: judged.state,
            reason: judged.reason,
            confidence_permille: reading.confidence_permille,
            notes: reading.notes,
        })
    }
}

impl Framework {
    /// Whether it asks this, and a value of this JSON type can be an answer to it, whatever it says.
    pub fn can_be_answered(&self, criterion: &str, value: &Value) -> bool {
        let hints = ReadingHints::default();
        self.read_answer(criterion, value, DateTime::UNIX_EPOCH, &hints)
            .is_ok()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Plain {
    Yes,
    No,
    NotKnown,
}

/// What is said in the same words to every question.
static PLAIN: LazyLock<Lexicon<Plain>> = LazyLock::new(|| {
    let groups: [(&[&str], Plain); 3] = [
        (
            &[
                "yes",
                "y",
                "true",
                "1",
                "ja",
                "oui",
                "si",
                "approved",
                "genehmigt",
                "allocated",
                "funded",
                "available",
                "vorhanden",
                "budget approved",
                "budget available",
            ],
            Plain::Yes,
        ),
        (
            &[
                "no",
                "n",
                "false",
                "0",
                "none",
                "nothing",
                "nein",
                "kein",
                "keine",
                "keins",
                "nichts",
                "non",
                "aucun",
                "aucune",
                "rien",
                "ninguno",
                "ninguna",
                "nada",
                "n/a",
                "no budget",
                "kein budget",
                "pas de budget",
                "sin presupuesto",
                "not budgeted",
                "no need",
                "kein bedarf",
                "pas de besoin",
                "just browsing",
                "just looking",
                "not interested",
                "kein interesse",
                "no budget yet",
                "noch kein budget",
                "pas encore de budget",
                "aun sin presupuesto",
                "no hay presupuesto",
            ],
            Plain::No,
        ),
        (
            &[
                "unknown",
                "not sure",
                "unsure",
                "not sure yet",
                "don't know",
                "i don't know",
                "tbd",
                "?",
                "weiß nicht",
                "weiß ich nicht",
                "unklar",
                "unbekannt",
                "je ne sais pas",
                "pas sûr",
                "no sé",
                "no lo sé",
                "undecided",
                "to be defined",
                "noch offen",
            ],
            Plain::NotKnown,
        ),
    ];
    let each = |(words, plain): (&'static [&'static str], Plain)| {
        words.iter().map(move |word| (*word, plain))
    };
    Lexicon::new(groups.into_iter().flat_map(each))
});

/// What was understood; `None` when the JSON type can be no answer.
pub(super) fn read(
    measure: &Measure,
    value: &Value,
    at: DateTime<Utc>,
    zone: Tz,
    hints: &ReadingHints,
) -> Option<Reading> {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(items) => match items.as_slice() {
            [] => String::new(),
            [single] if !single.is_array() => return read(measure, single, at, zone, hints),
            _ => return None,
        },
        Value::Object(parts) if matches!(measure, Measure::Money { .. }) => {
            let amount_minor = parts.get("amount_minor")?.as_i64()?;
            let code = currency(parts.get("currency")?.as_str()?)?.to_owned();
            return (parts.len() == 2).then(|| {
                Reading::plain(ReadValue::Money {
                    amount_minor,
                    currency: Some(code),
                })
            });
        }
        Value::Object(_) => return None,
    };
    if let (Some(number), Measure::Number { .. }) = (value.as_f64(), measure) {
        return Some(Reading::plain(ReadValue::Number { number }));
    }
    if let (Some(number), Measure::Money { met, .. }) = (value.as_f64(), measure) {
        return Some(plain_amount(number, assumed_currency(met, hints)));
    }
    let folded = fold(&text);
    if text.trim().is_empty() {
        return Some(Reading::plain(ReadValue::NotKnown));
    }
    let plain = PLAIN.find_all(&folded);
    Some(match measure {
        Measure::Money { met, .. } => {
            let assumed = ReadingHints {
                currency: assumed_currency(met, hints),
                ..*hints
            };
            read_money(&text, &folded, plain, &assumed)
        }
        Measure::Choice { options, words } => Reading::plain(match words.find(&folded) {
            Some(found) if !found.is_negated => {
                let option = options[found.meaning].0.clone();
                ReadValue::Option { option }
            }
            _ => without_words(plain),
        }),
        Measure::Text { words, otherwise } => {
            let own = words.find(&folded).filter(|found| !found.is_negated);
            Reading::plain(match (own, plain) {
                (Some(found), _) => ReadValue::Text {
                    state: found.meaning,
                },
                (None, Some(Plain::No)) => ReadValue::Nothing,
                (None, Some(Plain::NotKnown)) => ReadValue::NotKnown,
                _ if folded == " " => ReadValue::NotKnown,
                _ => ReadValue::Text { state: *otherwise },
            })
        }
        Measure::Timing { words, .. } => {
            match timing::time(&text, at, zone, hints.country, words) {
                Some(TimeRead::Until(day, notes)) => Reading::of(
                    ReadValue::Until {
                        until: end_of(day, zone),
                    },
                    notes,
                ),
                Some(TimeRead::Never) => Reading::plain(ReadValue::Nothing),
                Some(TimeRead::NotKnown) => Reading::plain(ReadValue::NotKnown),
                None => Reading::plain(match plain {
                    Some(Plain::No) => ReadValue::Nothing,
                    other => without_words(other),
                }),
            }
        }
        Measure::Boolean { .. } => Reading::plain(match plain {
            Some(Plain::Yes) => ReadValue::Boolean { yes: true },
            Some(Plain::No) => ReadValue::Boolean { yes: false },
            other => without_words(other),
        }),
        Measure::Number { .. } => match figure(&text) {
            Some(found) => match found.number {
                Some(number) => Reading::of(ReadValue::Number { number }, found.notes),
                None => Reading::plain(ReadValue::NotUnderstood),
            },
            None => Reading::plain(without_words(plain)),
        },
    })
}

fn without_words(plain: Option<Plain>) -> ReadValue {
    match plain {
        Some(Plain::NotKnown) => ReadValue::NotKnown,
        _ => ReadValue::NotUnderstood,
    }
}

/// The currency that is meant where none is said.
fn assumed_currency<'a>(met: &'a [Amount], hints: &ReadingHints<'a>) -> Option<&'a str> {
    let compared = met.first().map(|amount| amount.currency.as_str());
    hints.currency.or(compared)
}

/// A bare number is an amount in major units.
fn plain_amount(number: f64, currency: Option<&str>) -> Reading {
    match in_minor(number, currency) {
        Some(amount_minor) => Reading::of(
            ReadValue::Money {
                amount_minor,
                currency: currency.map(str::to_owned),
            },
            vec![ReadingNote::CurrencyAssumed],
        ),
        None => Reading::plain(ReadValue::NotUnderstood),
    }
}

fn read_money(text: &str, folded: &str, plain: Option<Plain>, hints: &ReadingHints) -> Reading {
    let said = PLAIN.find(folded).map(|found| found.meaning);
    let is_figure = |found: &Figure| {
        plain != Some(Plain::Yes) || found.number.is_some_and(|number| number < 0.0)
    };
    let Some(found) = figure(text).filter(is_figure) else {
        return Reading::plain(match said {
            Some(Plain::Yes) => ReadValue::Some,
            Some(Plain::No) => ReadValue::Nothing,
            other => without_words(other),
        });
    };
    let mut notes = found.notes;
    if said == Some(Plain::NotKnown)
        || folded.contains(" maybe ")
        || folded.contains(" vielleicht ")
    {
        notes.push(ReadingNote::Unsure);
    }
    let Some(number) = found.number else {
        return Reading::of(ReadValue::Some, notes);
    };
    let (currency, assumed) = currency_in(text, hints);
    if assumed {
        notes.push(ReadingNote::CurrencyAssumed);
    }
    match in_minor(number, currency.as_deref()) {
        Some(amount_minor) => Reading::of(
            ReadValue::Money {
                amount_minor,
                currency,
            },
            notes,
        ),
        None => Reading::plain(ReadValue::NotUnderstood),
    }
}
