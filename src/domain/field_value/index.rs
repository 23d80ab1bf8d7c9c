//! The form by which a value is found in the index of values.

use super::time::{read_date, read_datetime};
use crate::domain::field_definition::FieldType;
use serde_json::Value;

/// Longest form of a value that the index of values takes, in bytes: PostgreSQL's index entries end at 2,704.
pub const MAX_INDEXED: usize = 2100;

/// The forms by which a value is found in the index of values: the order of their bytes is the order of values, and equal
/// values have equal forms. A choice of many has one for each option, amounts are ordered within a currency.
///
/// A value that is not of the type, as leads may have from before the definition, has none; nor has a long text, or one
/// of more than [`MAX_INDEXED`] bytes.
pub fn index_form(field_type: FieldType, value: &Value) -> Vec<String> {
    let one = match field_type {
        FieldType::LongText => None,
        FieldType::Text | FieldType::Url | FieldType::SingleChoice => {
            value.as_str().map(str::to_owned)
        }
        FieldType::MultiChoice => {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let texts = items.iter().filter_map(Value::as_str);
            let mut forms: Vec<String> = Vec::with_capacity(items.len());
            for text in texts.filter(|text| text.len() <= MAX_INDEXED) {
                if !forms.iter().any(|form| form == text) {
                    forms.push(text.to_owned());
                }
            }
            return forms;
        }
        FieldType::Boolean => value.as_bool().map(|flag| flag.to_string()),
        FieldType::Integer => value.as_i64().map(integer_form),
        FieldType::Decimal => value.as_f64().map(decimal_form),
        FieldType::Date => value
            .as_str()
            .and_then(read_date)
            .map(|day| day.format("%Y-%m-%d").to_string()),
        FieldType::Datetime => value
            .as_str()
            .and_then(read_datetime)
            .map(|moment| integer_form(moment.timestamp_micros())),
        FieldType::Money => {
            let amount = value.get("amount_minor").and_then(Value::as_i64);
            let code = value.get("currency").and_then(Value::as_str);
            amount
                .zip(code)
                .map(|(amount, code)| format!("{code}{}", integer_form(amount)))
        }
    };
    one.into_iter()
        .filter(|form| form.len() <= MAX_INDEXED)
        .collect()
}

/// 16 hexadecimal digits, ordered as the numbers are: the sign bit turned round.
fn integer_form(number: i64) -> String {
    format!("{:016x}", number.cast_unsigned() ^ (1 << 63))
}

/// 16 hexadecimal digits, ordered as the numbers are (IEEE 754 §5.10): of a negative number all bits are turned round, of
/// another the sign bit.
fn decimal_form(number: f64) -> String {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let ordered = if bits >> 63 == 1 {
        !bits
    } else {
        bits ^ (1 << 63)
    };
    format!("{ordered:016x}")
}
