//! Texts: one line, several lines, a web address.

use super::{MAX_LONG_TEXT, MAX_TEXT, MAX_URL, Misfit, misfit};
use crate::domain::normalise::{text, web};
use serde_json::Value;

/// A whole number is a text, too, for what has leading digits: `4711`.
fn given_text(given: &Value) -> Result<String, Misfit> {
    match given {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        _ => Err(misfit("wrong_type", "a text")),
    }
}

pub(super) fn one_line(given: &Value) -> Result<Value, Misfit> {
    let line = text::clean_line(&given_text(given)?);
    if line.chars().count() > MAX_TEXT {
        return Err(misfit(
            "too_long",
            format!("at most {MAX_TEXT} characters; a field of type long_text takes more"),
        ));
    }
    Ok(line.into())
}

pub(super) fn several_lines(given: &Value) -> Result<Value, Misfit> {
    let lines = text::clean(&given_text(given)?);
    if lines.chars().count() > MAX_LONG_TEXT {
        return Err(misfit(
            "too_long",
            format!("at most {MAX_LONG_TEXT} characters"),
        ));
    }
    Ok(lines.into())
}

pub(super) fn url(given: &Value) -> Result<Value, Misfit> {
    let address = given.as_str().and_then(web::website);
    match address.filter(|address| address.len() <= MAX_URL) {
        Some(address) => Ok(address.into()),
        None => Err(misfit(
            "invalid_url",
            format!(
                "a web address of at most {MAX_URL} bytes that begins with http://, https:// or a host name"
            ),
        )),
    }
}
