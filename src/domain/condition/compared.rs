//! What conditions as they are kept compare fields with, wherever they stand in some JSON.

use serde_json::{Map, Value};

/// A text with which a condition compares a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedText {
    /// The text.
    pub text: String,
    /// JSON pointer to it, from where it was looked for.
    pub pointer: String,
}

/// Every text with which conditions within `json` compare a field, in order.
pub fn texts_compared(json: &Value, field: &str) -> Vec<ComparedText> {
    let mut found = Vec::new();
    collect(json, field, "", &mut found);
    found
}

fn collect(json: &Value, field: &str, at: &str, found: &mut Vec<ComparedText>) {
    match json {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, field, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) if compares(members, field) => {
            let value = members.get("value").unwrap_or_default();
            note(value, &format!("{at}/value"), found);
        }
        Value::Object(members) => {
            for (name, member) in members {
                let step = name.replace('~', "~0").replace('/', "~1");
                collect(member, field, &format!("{at}/{step}"), found);
            }
        }
        _ => {}
    }
}

fn compares(members: &Map<String, Value>, field: &str) -> bool {
    members.contains_key("op") && members.get("field").is_some_and(|name| name == field)
}

fn note(value: &Value, at: &str, found: &mut Vec<ComparedText>) {
    match value {
        Value::String(text) => found.push(ComparedText {
            text: text.clone(),
            pointer: at.to_owned(),
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_found_in_conditions_however_deep_and_of_the_field_only() {
        let document = json!({"rules": [{"key": "tags", "when": {"any": [
            {"field": "tags", "op": "has_any", "value": ["fair", "vip"]},
            {"not": {"field": "tags", "op": "is_set"}},
            {"field": "source", "op": "eq", "value": "fair"}]}}],
            "when": {"field": "tags", "op": "has_all", "value": ["expo"]}});
        let mut found = texts_compared(&document, "tags");
        found.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|one| (one.pointer.as_str(), one.text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("/rules/0/when/any/0/value/0", "fair"),
                ("/rules/0/when/any/0/value/1", "vip"),
                ("/when/value/0", "expo")
            ]
        );
    }
}
