//! Numbers: whole ones, others, and amounts of money.

use super::{MAX_INTEGER, Misfit, misfit};
use crate::domain::normalise::currency;
use serde_json::{Number, Value, json};

pub(super) fn integer(given: &Value) -> Result<i64, Misfit> {
    let wrong = || misfit("wrong_type", "a whole number, such as 42");
    let whole = match given {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole,
            (None, Some(float)) if float.fract() == 0.0 => exact(float).ok_or_else(too_great)?,
            _ => return Err(wrong()),
        },
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(wrong());
            }
            text.parse().map_err(|_| too_great())?
        }
        _ => return Err(wrong()),
    };
    if (-MAX_INTEGER..=MAX_INTEGER).contains(&whole) {
        Ok(whole)
    } else {
        Err(too_great())
    }
}

fn too_great() -> Misfit {
    misfit(
        "out_of_range",
        format!("a whole number from -{MAX_INTEGER} to {MAX_INTEGER}"),
    )
}

/// The whole number that a float is, where floats count by ones.
fn exact(float: f64) -> Option<i64> {
    (float.abs() <= MAX_INTEGER as f64 && float.fract() == 0.0).then_some(float as i64)
}

pub(super) fn decimal(given: &Value) -> Result<Value, Misfit> {
    let wrong = || misfit("wrong_type", "a number, such as 12.5");
    let float = match given {
        Value::Number(number) => number.as_f64().ok_or_else(wrong)?,
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
            let is_plain = |part: &str| {
                !part.is_empty() && part.len() <= 30 && part.bytes().all(|c| c.is_ascii_digit())
            };
            if !is_plain(whole) || !is_plain(fraction) {
                return Err(wrong());
            }
            text.parse().map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    };
    match exact(float) {
        Some(whole) => Ok(whole.into()),
        None => Number::from_f64(float).map(Value::Number).ok_or_else(wrong),
    }
}

pub(super) fn money(given: &Value) -> Result<Value, Misfit> {
    let wrong = || {
        misfit(
            "wrong_type",
            "an amount in minor units with its ISO 4217 currency: {\"amount_minor\": 2500000, \"currency\": \"EUR\"}",
        )
    };
    let parts = given.as_object().filter(|parts| parts.len() == 2);
    let parts = parts.ok_or_else(wrong)?;
    let amount = parts.get("amount_minor").ok_or_else(wrong)?;
    let code = parts.get("currency").and_then(Value::as_str);
    let code = code.and_then(currency::currency).ok_or_else(wrong)?;
    Ok(json!({"amount_minor": integer(amount)?, "currency": code}))
}
