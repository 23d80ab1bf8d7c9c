//! Texts in documents and conditions that cannot be kept.

use super::nearest::shown_name;
use super::rule_document::RuleDocument;
use crate::error::FieldError;
use serde_json::Value;

impl RuleDocument {
    /// Every text of it, also names of members, with a NUL, which the database takes in no text; pointers are into the document.
    pub fn texts_with_nul(&self) -> Vec<FieldError> {
        texts_with_nul(&self.to_json().unwrap_or_default(), "")
    }
}

/// Every text of some JSON, also names of members, with a NUL; `at` is the pointer to it.
pub fn texts_with_nul(json: &Value, at: &str) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(json, at, &mut found);
    found
}

fn collect(value: &Value, at: &str, found: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => note(text, at, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let step = shown_name(name).replace('~', "~0").replace('/', "~1");
                let at = format!("{at}/{step}");
                note(name, &at, found);
                collect(member, &at, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(text: &str, at: &str, found: &mut Vec<FieldError>) {
    if text.contains('\0') {
        let detail = "leave out the character U+0000: no text can be kept with it";
        found.push(FieldError::new(at, "nul_character", detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule_document::RuleKind;
    use serde_json::json;

    #[test]
    fn a_nul_is_found_in_values_and_in_names_however_deep() {
        let framework = json!({"name": "A\0", "criteria": [
            {"key": "need", "name": "Need", "question": "Why?", "answer": {"type": "text", "words": {"no\0": "unmet"}}}],
            "verdicts": [{"verdict": "mql", "when": {"lead": {"all": [{"field": "city", "op": "in", "value": ["Ulm", "\0"]}]}}}]});
        let document = RuleDocument::read(RuleKind::Framework, framework).unwrap();
        let mut pointers: Vec<String> = document
            .texts_with_nul()
            .into_iter()
            .map(|error| error.pointer)
            .collect();
        pointers.sort();
        assert_eq!(
            pointers,
            [
                "/criteria/0/answer/words/no\u{fffd}",
                "/name",
                "/verdicts/0/when/lead/all/0/value/1"
            ]
        );
    }
}
