//! What an answer is worth at a moment.

use super::answer::{AnswerState, ReadValue};
use super::document::{Amount, WhenStale};
use super::framework::{Criterion, Measure};
use super::timing::end_of;
use crate::domain::qualification::amounts::minor_digits;
use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an answer, or a criterion, has its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// Nobody has said anything.
    NoAnswer,
    /// The value is one that gives this state.
    Value,
    /// They say that there is none.
    Nothing,
    /// There is some; how much was not said.
    AmountNotSaid,
    /// The amount is in a currency with which none is compared.
    OtherCurrency,
    /// They do not know, or said nothing.
    NotKnown,
    /// The words were not understood.
    NotUnderstood,
    /// The framework has changed since: the value no longer fits the criterion.
    NoLongerFits,
    /// A person set it by their own judgement.
    Stated,
    /// The answer is too old: ask again.
    Stale,
    /// The date has passed: ask again.
    Passed,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    pub state: AnswerState,
    pub reason: StateReason,
    /// It has to be asked again.
    pub stale: bool,
    /// From when on it has to be asked again.
    pub stale_at: Option<DateTime<Utc>>,
    /// The next moment at which any of this may change.
    pub changes_at: Option<DateTime<Utc>>,
}

/// What an answer is worth at `now`. Those of rules have no time, for they follow from what is known now.
pub(super) fn judge(
    criterion: &Criterion,
    read: &ReadValue,
    stated: Option<AnswerState>,
    at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Judged {
    let (worth, why) = worth(&criterion.measure, read, now);
    let (state, reason) = match stated {
        Some(stated) => (stated, StateReason::Stated),
        None => (worth, why),
    };
    let old_at = at
        .zip(criterion.max_age)
        .and_then(|(at, age)| at.checked_add_signed(age));
    let until = match (&criterion.measure, read) {
        (Measure::Timing { .. }, ReadValue::Until { until }) => Some(*until),
        _ => None,
    };
    let stale_at = old_at.into_iter().chain(until).min();
    let stale = stale_at.is_some_and(|stale_at| stale_at <= now);
    let reason = match (stale, until.is_some_and(|until| until <= now)) {
        (true, true) => StateReason::Passed,
        (true, false) => StateReason::Stale,
        (false, _) => reason,
    };
    let mut moments = [stale_at, old_at, until, None, None];
    let timing = (&criterion.measure, until);
    if let (
        Measure::Timing {
            met, partly, zone, ..
        },
        Some(until),
    ) = timing
    {
        moments[3] = near_from(until, *met, *zone);
        moments[4] = partly.and_then(|partly| near_from(until, partly, *zone));
    }
    Judged {
        state: if stale {
            lowered(state, criterion.when_stale)
        } else {
            state
        },
        reason: if state == AnswerState::Unknown && stated.is_none() {
            why
        } else {
            reason
        },
        stale,
        stale_at,
        changes_at: moments.into_iter().flatten().filter(|at| *at > now).min(),
    }
}

fn lowered(state: AnswerState, when_stale: WhenStale) -> AnswerState {
    match (when_stale, state) {
        (WhenStale::Partly, AnswerState::Met | AnswerState::Partly) => AnswerState::Partly,
        _ => AnswerState::Unknown,
    }
}

fn worth(measure: &Measure, read: &ReadValue, now: DateTime<Utc>) -> (AnswerState, StateReason) {
    use AnswerState::*;
    let value = |state| (state, StateReason::Value);
    match (measure, read) {
        (_, ReadValue::NotKnown) => (Unknown, StateReason::NotKnown),
        (_, ReadValue::NotUnderstood) => (Unknown, StateReason::NotUnderstood),
        (_, ReadValue::Nothing) => (Unmet, StateReason::Nothing),
        (Measure::Money { met, .. }, ReadValue::Some) if met.is_empty() => value(Met),
        (Measure::Money { .. }, ReadValue::Some) => (Partly, StateReason::AmountNotSaid),
        (
            Measure::Money { met, partly, rates },
            ReadValue::Money {
                amount_minor,
                currency,
            },
        ) => money(met, partly, rates, *amount_minor, currency.as_deref()),
        (Measure::Choice { options, .. }, ReadValue::Option { option }) => options
            .iter()
            .find(|(known, _)| known == option)
            .map_or((Unknown, StateReason::NoLongerFits), |(_, state)| {
                value(*state)
            }),
        (Measure::Text { .. }, ReadValue::Text { state }) => value(*state),
        (
            Measure::Timing {
                met, partly, zone, ..
            },
            ReadValue::Until { until },
        ) => {
            let is_near = |days| near_from(*until, days, *zone).is_none_or(|from| from <= now);
            value(match partly {
                _ if is_near(*met) => Met,
                Some(partly) if is_near(*partly) => Partly,
                _ => Unmet,
            })
        }
        (Measure::Boolean { met }, ReadValue::Boolean { yes }) => {
            value(if yes == met { Met } else { Unmet })
        }
        (
            Measure::Number {
                met_from,
                partly_from,
            },
            ReadValue::Number { number },
        ) => value(match partly_from {
            _ if number >= met_from => Met,
            Some(partly_from) if number >= partly_from => Partly,
            _ => Unmet,
        }),
        _ => (Unknown, StateReason::NoLongerFits),
    }
}

/// From when on the last day of a time is at most so many days away: the beginning of a day. `None`: ever since.
fn near_from(until: DateTime<Utc>, days: Days, zone: Tz) -> Option<DateTime<Utc>> {
    let within_last_day = until - TimeDelta::microseconds(1);
    let last = within_last_day.with_timezone(&zone).date_naive();
    let eve = last.checked_sub_days(days)?.pred_opt()?;
    Some(end_of(eve, zone))
}

fn money(
    met: &[Amount],
    partly: &[Amount],
    rates: &[(String, f64)],
    amount_minor: i64,
    currency: Option<&str>,
) -> (AnswerState, StateReason) {
    use AnswerState::*;
    if amount_minor <= 0 {
        return (Unmet, StateReason::Nothing);
    }
    let Some(base) = met.first() else {
        return (Met, StateReason::Value);
    };
    let not_compared = (Partly, StateReason::OtherCurrency);
    let Some(currency) = currency else {
        return not_compared;
    };
    let of = |list: &[Amount], code: &str| {
        let amount = list.iter().find(|amount| amount.currency == code);
        amount.map(|amount| amount.amount_minor as f64)
    };
    let (given, code) = if of(met, currency).is_some() {
        (amount_minor as f64, currency)
    } else {
        let Some((_, rate)) = rates.iter().find(|(code, _)| code == currency) else {
            return not_compared;
        };
        let digits = minor_digits(&base.currency) - minor_digits(currency);
        (
            amount_minor as f64 * rate * 10f64.powi(digits),
            base.currency.as_str(),
        )
    };
    let reaches = |list| of(list, code).is_some_and(|least| given >= least);
    let state = match (reaches(met), reaches(partly)) {
        (true, _) => Met,
        (false, true) => Partly,
        (false, false) => Unmet,
    };
    (state, StateReason::Value)
}
