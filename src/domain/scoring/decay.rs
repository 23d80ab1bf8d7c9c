//! Exponential decay, and the number whose order it does not change.

use chrono::{DateTime, Utc};

/// Shortest half-life, in days.
pub const MIN_DAYS: f64 = 0.25;
/// Longest half-life, in days.
pub const MAX_DAYS: f64 = 3650.0;
/// 1 January 2020 in microseconds since 1970: what orders are relative to.
const LANDMARK: i64 = 1_577_836_800_000_000;
/// More than any logarithm there can be: orders of values above 0 are above 0.
const SHIFT: f64 = 131_072.0;
const MICROS_PER_DAY: f64 = 86_400_000_000.0;

/// The time in which half is lost, in microseconds; `None`: nothing ever is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfLife(Option<f64>);

impl HalfLife {
    /// Of so many days, from [`MIN_DAYS`] to [`MAX_DAYS`]; none outside of them.
    pub fn of_days(days: Option<f64>) -> Option<HalfLife> {
        match days {
            None => Some(HalfLife(None)),
            Some(days) => (MIN_DAYS..=MAX_DAYS)
                .contains(&days)
                .then_some(HalfLife(Some(days * MICROS_PER_DAY))),
        }
    }

    /// In days.
    pub fn days(self) -> Option<f64> {
        self.0.map(|micros| micros / MICROS_PER_DAY)
    }

    /// What a value of one moment is worth at another.
    pub fn worth(self, value: f64, from: DateTime<Utc>, at: DateTime<Utc>) -> f64 {
        self.worth_micros(value, from.timestamp_micros(), at.timestamp_micros())
    }

    fn worth_micros(self, value: f64, from: i64, at: i64) -> f64 {
        match self.0 {
            Some(half_life) => value * ((from - at) as f64 / half_life).exp2(),
            None => value,
        }
    }

    /// The number by whose order leads are in the order of their values, at any moment: with the static value
    /// S = value · 2^((as_of − landmark) / h), it is sign(S) · (2^17 + log2 |S|), and 0 for 0. Two values less than 3 parts in
    /// 10^11 apart may have one number.
    pub fn order(self, value: f64, as_of: DateTime<Utc>) -> f64 {
        if value == 0.0 {
            return 0.0;
        }
        let since = (as_of.timestamp_micros() - LANDMARK) as f64;
        let log = value.abs().log2() + self.0.map_or(0.0, |half_life| since / half_life);
        (SHIFT + log).copysign(value)
    }

    /// The first microsecond after `as_of` at which decay has brought the value below `level`; or, when both are below 0,
    /// up to it. `None` when it never does, or has.
    pub fn reaches(self, value: f64, as_of: DateTime<Utc>, level: f64) -> Option<DateTime<Utc>> {
        let half_life = self.0?;
        let falls = level > 0.0 && value >= level;
        let rises = level < 0.0 && value < level;
        if !falls && !rises {
            return None;
        }
        let start = as_of.timestamp_micros();
        let has = |at: i64| (self.worth_micros(value, start, at) >= level) == rises;
        let guess = start + (half_life * (value / level).log2()) as i64;
        // The closed form is right to a few microseconds; what counts is the moment at which the value itself says so.
        let (mut before, mut after, mut step) = (guess, guess, 8);
        while before > start && has(before) {
            before = (before - step).max(start);
            step *= 2;
        }
        while !has(after) {
            after += step;
            step *= 2;
        }
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if has(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        DateTime::from_timestamp_micros(after)
    }
}
