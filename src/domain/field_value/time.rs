//! Days and moments.

use super::{Misfit, misfit};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::{Value, json};

pub(super) fn date(given: &Value) -> Result<Value, Misfit> {
    let day = given.as_str().map(str::trim).and_then(read_date);
    match day {
        Some(day) => Ok(day.format("%Y-%m-%d").to_string().into()),
        None => Err(misfit("invalid_date", "a date, such as 2026-11-22")),
    }
}

/// ISO 8601 in its long form, years 1 to 9999.
pub(super) fn read_date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && (1..=9999).contains(&day.year())).then_some(day)
}

pub(super) fn datetime(given: &Value) -> Result<Value, Misfit> {
    let moment = given.as_str().map(str::trim).and_then(read_datetime);
    match moment {
        Some(moment) => Ok(json!(moment)),
        None => Err(misfit(
            "invalid_datetime",
            "a moment with its offset (RFC 3339), such as 2026-11-22T09:30:00Z",
        )),
    }
}

/// RFC 3339, to the microsecond, years 1 to 9999.
pub(super) fn read_datetime(text: &str) -> Option<DateTime<Utc>> {
    let given = DateTime::parse_from_rfc3339(text).ok()?;
    let moment = DateTime::from_timestamp_micros(given.timestamp_micros())?;
    (1..=9999).contains(&moment.year()).then_some(moment)
}
