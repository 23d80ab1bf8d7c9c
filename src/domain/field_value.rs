//! Values of a workspace's own fields, in the form in which the index of values keeps them.

use crate::domain::field_definition::FieldType;
use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// Longer values are not in the index: an entry has room for about 2,700 bytes.
pub const INDEXED_BYTES: usize = 2100;

/// The forms of a value; the order of their bytes is the order of the values. Empty for a value that is missing, that does
/// not fit the type, or that is too long for the index.
pub fn index_form(field_type: FieldType, value: &Value) -> Vec<String> {
    let form = match (field_type, value) {
        (FieldType::Text | FieldType::Url | FieldType::SingleChoice, Value::String(text)) => {
            Some(text.clone())
        }
        (FieldType::MultiChoice, Value::Array(options)) => {
            let mut forms: Vec<String> = options
                .iter()
                .filter_map(|option| option.as_str().map(str::to_owned))
                .collect();
            forms.sort_unstable();
            forms.dedup();
            return forms;
        }
        (FieldType::Boolean, Value::Bool(yes)) => Some(yes.to_string()),
        (FieldType::Integer, Value::Number(number)) => number.as_i64().map(integer),
        (FieldType::Decimal, Value::Number(number)) => number.as_f64().map(decimal),
        (FieldType::Date, Value::String(text)) => {
            text.parse::<NaiveDate>().ok().map(|day| day.to_string())
        }
        (FieldType::Datetime, Value::String(text)) => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| integer(at.timestamp_micros())),
        (FieldType::Money, Value::Object(money)) => {
            match (
                money.get("currency").and_then(Value::as_str),
                money.get("amount_minor").and_then(Value::as_i64),
            ) {
                (Some(currency), Some(amount)) => Some(format!("{currency}{}", integer(amount))),
                _ => None,
            }
        }
        _ => None,
    };
    form.filter(|form| !form.is_empty() && form.len() <= INDEXED_BYTES)
        .into_iter()
        .collect()
}

fn integer(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

fn decimal(number: f64) -> String {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let monotone = if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    };
    format!("{monotone:016x}")
}
