//! Whether a lead meets what a stage asks of those who enter it.

use crate::domain::condition::{Condition, Facts, LeadCheck, Node};
use crate::domain::qualification::{AnswerState, CriterionResult};
use crate::domain::rules::Rules;
use crate::domain::stage::{Entry, EntryMode, Stage};
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// What a lead does not meet: parts of the condition, by pointers into it, and answers that are not known, by `/answers/0` and so
/// on. Of parts that all have to hold each is told by itself.
///
/// A part that can no longer be read, because it names a field that is gone, does not hold either; nor is anything known of a
/// criterion that the framework does not have any more.
pub fn unmet(
    entry: &Entry,
    rules: &Rules,
    facts: &Facts,
    known: &[CriterionResult],
    now: DateTime<Utc>,
) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(&entry.condition, "", rules, facts, now, &mut found);
    for (index, criterion) in entry.answers.iter().enumerate() {
        let answers = |one: &CriterionResult| {
            one.criterion == *criterion && one.state != AnswerState::Unknown
        };
        if !known.iter().any(answers) {
            let detail = format!("asks for an answer to {criterion}");
            found.push(FieldError::new(
                format!("/answers/{index}"),
                "unanswered",
                detail,
            ));
        }
    }
    found
}

/// Whether a lead may enter a stage without anybody who insists on it.
pub fn admits(
    stage: &Stage,
    rules: &Rules,
    facts: &Facts,
    known: &[CriterionResult],
    now: DateTime<Utc>,
) -> bool {
    let enforced = stage.entry.as_ref();
    let enforced = enforced.filter(|entry| entry.mode == EntryMode::Enforced);
    enforced.is_none_or(|entry| unmet(entry, rules, facts, known, now).is_empty())
}

/// Whether a stage of the workspace asks for activities of those who enter.
pub fn asks_of_activities(rules: &Rules) -> bool {
    let entries = rules
        .pipeline
        .stages
        .iter()
        .filter_map(|stage| stage.entry.as_ref());
    entries
        .into_iter()
        .any(|entry| !activity_types(&entry.condition, rules).is_empty())
}

fn collect(
    part: &Value,
    pointer: &str,
    rules: &Rules,
    facts: &Facts,
    now: DateTime<Utc>,
    found: &mut Vec<FieldError>,
) {
    if let Some(parts) = part.get("all").and_then(Value::as_array) {
        for (index, part) in parts.iter().enumerate() {
            let pointer = format!("{pointer}/all/{index}");
            collect(part, &pointer, rules, facts, now, found);
        }
        return;
    }
    match Condition::parse(part, rules, pointer) {
        Ok(condition) if condition.holds(facts, now) => {}
        Ok(_) => found.push(FieldError::new(pointer, "unmet", described(part))),
        Err(errors) => found.extend(errors),
    }
}

/// What a part asks, in one sentence.
fn described(part: &Value) -> String {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    match (text("field"), text("op"), text("activity")) {
        (Some(field), Some(op), _) => match part.get("value") {
            Some(value) => format!("asks for {field} {op} {value}"),
            None => format!("asks for {field} {op}"),
        },
        (_, _, Some(kind)) => format!("asks for activities of type {kind}"),
        _ if part.get("any").is_some() => "asks for at least one of its parts".to_owned(),
        _ => "asks that its part does not hold".to_owned(),
    }
}

/// The types of the activities that a criterion asks about; none when it asks about none, or cannot be read.
pub fn activity_types(criterion: &Value, rules: &Rules) -> Vec<String> {
    let mut types = Vec::new();
    if let Ok(condition) = Condition::parse(criterion, rules, "") {
        gather(&condition.root, &mut types);
    }
    types
}

fn gather(node: &Node<LeadCheck>, types: &mut Vec<String>) {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| gather(part, types)),
        Node::Not(part) => gather(part, types),
        Node::Check(LeadCheck::Activity(test)) => types.extend(test.types.iter().cloned()),
        Node::Check(LeadCheck::Field(..)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test_leads::lead;
    use serde_json::json;

    fn pointers(criterion: Value) -> Vec<(String, &'static str)> {
        let mut lead = lead();
        lead.fields.city = Some("Ulm".into());
        let facts = Facts {
            lead: &lead,
            activities: &[],
        };
        let entry = Entry {
            mode: EntryMode::Enforced,
            condition: criterion,
            answers: Vec::new(),
        };
        unmet(&entry, &Rules::default(), &facts, &[], lead.created_at)
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    #[test]
    fn each_part_that_does_not_hold_is_told_by_its_place() {
        let city = |name: &str| json!({"field": "city", "op": "eq", "value": name});
        let phone = json!({"field": "phone", "op": "is_set"});
        assert_eq!(pointers(json!({"all": [city("Ulm")]})), []);
        assert_eq!(
            pointers(
                json!({"all": [phone, city("Ulm"), {"all": [city("Bonn")]}, {"any": [phone, city("Bonn")]}]})
            ),
            [
                ("/all/0".to_owned(), "unmet"),
                ("/all/2/all/0".to_owned(), "unmet"),
                ("/all/3".to_owned(), "unmet")
            ]
        );
        assert_eq!(pointers(phone), [(String::new(), "unmet")]);
        assert_eq!(
            pointers(json!({"activity": "call"})),
            [(String::new(), "unmet")]
        );
    }

    #[test]
    fn what_cannot_be_read_does_not_hold() {
        let gone = json!({"all": [{"field": "custom.gone", "op": "is_set"}]});
        assert_eq!(pointers(gone)[0].0, "/all/0/field");
    }
}
