//! Conditions as they are kept follow a label that is renamed.

use serde_json::Value;

/// Puts one label in the place of others wherever a condition asks for labels; the answer is whether it asked for one.
pub fn rename_tags(condition: &mut Value, from: &[String], to: &str) -> bool {
    match condition {
        Value::Array(parts) => {
            let mut renamed = false;
            for part in parts {
                renamed |= rename_tags(part, from, to);
            }
            renamed
        }
        Value::Object(part) if part.get("field").is_some_and(|field| field == "tags") => part
            .get_mut("value")
            .is_some_and(|value| rename_in(value, from, to)),
        Value::Object(part) => ["all", "any", "not"].iter().fold(false, |renamed, key| {
            let inner = part.get_mut(*key);
            inner.is_some_and(|inner| rename_tags(inner, from, to)) || renamed
        }),
        _ => false,
    }
}

fn rename_in(value: &mut Value, from: &[String], to: &str) -> bool {
    let is_meant = |value: &Value| {
        let text = value.as_str();
        text.is_some_and(|text| text != to && from.iter().any(|tag| tag == text))
    };
    match value {
        Value::Array(values) => {
            if !values.iter().any(is_meant) {
                return false;
            }
            values.retain(|value| !is_meant(value) && value != to);
            values.push(to.into());
            true
        }
        single if is_meant(single) => {
            *single = to.into();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_labels_are_renamed_and_several_become_one() {
        let from = ["fair".to_owned(), "expo".to_owned()];
        let mut condition = json!({"all": [
            {"field": "tags", "op": "has_any", "value": ["fair", "vip", "expo"]},
            {"not": {"any": [{"field": "tags", "op": "eq", "value": "fair"}, {"field": "source", "op": "eq", "value": "fair"}]}},
        ]});
        assert!(rename_tags(&mut condition, &from, "show"));
        assert_eq!(
            condition,
            json!({"all": [
                {"field": "tags", "op": "has_any", "value": ["vip", "show"]},
                {"not": {"any": [{"field": "tags", "op": "eq", "value": "show"}, {"field": "source", "op": "eq", "value": "fair"}]}},
            ]})
        );
        assert!(!rename_tags(&mut condition, &from, "show"));
        assert!(!rename_tags(
            &mut json!({"field": "tags", "op": "is_set"}),
            &from,
            "show"
        ));
    }
}
