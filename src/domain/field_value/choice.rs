//! Choices among the options of a field: one of them, or several.

use super::{Misfit, misfit};
use crate::domain::field_definition::FieldOption;
use crate::domain::normalise::text;
use serde_json::Value;

/// Options named in the detail of an error.
const NAMED: usize = 20;

/// The option of that value; else the one of that value or label in any case. One that is archived is taken, too:
/// pages and programs that still offer it lose nothing.
pub(super) fn option<'a>(
    given: &Value,
    options: &'a [FieldOption],
) -> Result<&'a FieldOption, Misfit> {
    let offered = options.iter().filter(|option| !option.archived);
    let named: Vec<&str> = offered.map(|option| option.value.as_str()).collect();
    let unknown = || {
        let more = if named.len() > NAMED { " …" } else { "" };
        let named = &named[..named.len().min(NAMED)];
        misfit(
            "not_an_option",
            format!("one of the options: {}{more}", named.join(", ")),
        )
    };
    let text = match given {
        Value::String(text) => text::clean_line(text),
        Value::Number(number) => number.to_string(),
        _ => return Err(unknown()),
    };
    let same = |other: &str| other.to_lowercase() == text.to_lowercase();
    options
        .iter()
        .find(|option| option.value == text)
        .or_else(|| options.iter().find(|option| same(&option.value)))
        .or_else(|| options.iter().find(|option| same(&option.label)))
        .ok_or_else(unknown)
}

/// The options chosen, each once, in the order of the definition.
pub(super) fn options(given: &Value, all: &[FieldOption]) -> Result<Vec<Value>, Misfit> {
    let chosen: Vec<&FieldOption> = match given {
        Value::Array(items) => items
            .iter()
            .filter(|item| !item.is_null() && item.as_str() != Some(""))
            .map(|item| option(item, all))
            .collect::<Result<_, _>>()?,
        Value::String(text) => match option(given, all) {
            Ok(one) => vec![one],
            Err(_) => text
                .split(';')
                .map(|part| Value::from(part.trim()))
                .filter(|part| part != "")
                .map(|part| option(&part, all))
                .collect::<Result<_, _>>()?,
        },
        one => vec![option(one, all)?],
    };
    let in_order = all.iter().filter(|option| chosen.contains(option));
    Ok(in_order.map(|option| option.value.clone().into()).collect())
}
