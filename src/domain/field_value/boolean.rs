//! True or false, as forms and spreadsheets say it.

use super::{Misfit, misfit};
use serde_json::Value;

/// A box of a form that was ticked sends two values, where a hidden field sends the other: the last one counts.
pub(super) fn boolean(given: &Value) -> Result<bool, Misfit> {
    let wrong = || misfit("wrong_type", "true or false");
    match given {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Ok(true),
            "false" | "off" | "no" | "0" => Ok(false),
            _ => Err(wrong()),
        },
        Value::Array(items) => match items.last() {
            Some(last @ (Value::Bool(_) | Value::String(_))) => boolean(last),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}
