//! Values of a workspace's own fields: what a value may be, its normal form, and the form by which it is found.
//!
//! Every way in checks values here, by the same rules. A number, a truth value or a choice may also come as text, since
//! forms and spreadsheets know nothing else: `"42"` is 42, `"on"` is true, `"a;b"` is two choices, and an option may be
//! named by its label.

mod boolean;
mod choice;
mod index;
mod number;
mod texts;
mod time;

pub use index::{MAX_INDEXED, index_form};

use crate::domain::field_definition::{FieldDefinition, FieldType};
use crate::domain::normalise::text;
use boolean::boolean;
use choice::{option, options};
use number::{decimal, integer, money};
use serde_json::Value;
use texts::{one_line, several_lines, url};
use time::{date, datetime};

/// Longest text, in characters.
pub const MAX_TEXT: usize = 500;
/// Longest long text, in characters.
pub const MAX_LONG_TEXT: usize = 20_000;
/// Longest web address, in bytes.
pub const MAX_URL: usize = 2048;
/// The greatest whole number either way: beyond it JavaScript counts no longer by ones.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// A value that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// `wrong_type`, `too_long` …
    pub code: &'static str,
    /// One sentence that names the remedy, without the value.
    pub detail: String,
}

/// The value in normal form; `None` when it says nothing: `null`, an empty text, an empty list.
///
/// Normal forms are their own: taking one in again changes nothing.
///
/// # Errors
/// When it cannot be what the field holds.
pub fn normalise(field: &FieldDefinition, given: &Value) -> Result<Option<Value>, Misfit> {
    let given = match given {
        // What a list of one holds, where the field takes one: a form repeats names as it likes.
        Value::Array(items) if field.field_type != FieldType::MultiChoice && items.len() == 1 => {
            &items[0]
        }
        given => given,
    };
    match given {
        Value::Null => return Ok(None),
        Value::String(text) if text::clean(text).is_empty() => return Ok(None),
        _ => {}
    }
    let normal = match field.field_type {
        FieldType::Text => one_line(given)?,
        FieldType::LongText => several_lines(given)?,
        FieldType::Integer => integer(given)?.into(),
        FieldType::Decimal => decimal(given)?,
        FieldType::Boolean => boolean(given)?.into(),
        FieldType::Date => date(given)?,
        FieldType::Datetime => datetime(given)?,
        FieldType::SingleChoice => option(given, &field.options)?.value.clone().into(),
        FieldType::MultiChoice => match options(given, &field.options)? {
            chosen if chosen.is_empty() => return Ok(None),
            chosen => chosen.into(),
        },
        FieldType::Url => url(given)?,
        FieldType::Money => money(given)?,
    };
    if let (Some(pattern), Value::String(text)) = (&field.pattern, &normal)
        && !pattern.matches(text)
    {
        return Err(misfit(
            "pattern_mismatch",
            format!("it has to match the pattern {}", pattern.as_str()),
        ));
    }
    Ok(Some(normal))
}

fn misfit(code: &'static str, detail: impl Into<String>) -> Misfit {
    Misfit {
        code,
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests;
