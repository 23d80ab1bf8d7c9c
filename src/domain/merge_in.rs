//! Merge-in: what a known person's new submission does to the values of the lead, field by field, by the workspace's
//! policies. A value that loses stays in the raw submission.

use crate::domain::capture::Capture;
use crate::domain::event::Change;
use crate::domain::field_definition::FieldType;
use crate::domain::field_value;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::Field;
use crate::domain::rules::Rules;
use crate::domain::workspace::MergePolicy;
use serde_json::{Value, json};

/// Takes what the capture brings into the lead; the answer says what changed.
///
/// Tags are added, never taken away. A lead stays a test only while all of its submissions are tests. `withheld` are
/// fields that the lead may not have from this capture, `withheld_keys` those of the workspace's own.
pub fn merge_in(
    lead: &mut Lead,
    capture: &Capture,
    withheld: &[Field],
    withheld_keys: &[String],
    rules: &Rules,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for field in Field::ALL
        .iter()
        .copied()
        .filter(|field| capture.fields.has(*field) && !withheld.contains(field))
    {
        // An extension is one of its number.
        let other_number =
            capture.fields.phone.is_some() && lead.fields.phone != capture.fields.phone;
        if field == Field::phone_extension && other_number {
            continue;
        }
        let old = lead.fields.value(field);
        match rules.merge_policy(field.name()) {
            MergePolicy::Keep => {}
            MergePolicy::FillEmpty if lead.fields.has(field) => {}
            MergePolicy::FillEmpty | MergePolicy::Overwrite => {
                lead.fields.copy(field, &capture.fields)
            }
            MergePolicy::Append => lead.fields.append(field, &capture.fields),
        }
        let new = lead.fields.value(field);
        if new != old {
            changes.push(Change::new(field.name(), old, new));
        }
    }
    if lead.fields.website == capture.fields.website && capture.website_domain.is_some() {
        if lead.website_domain != capture.website_domain {
            changes.push(Change::new(
                "website_domain",
                json!(lead.website_domain),
                json!(capture.website_domain),
            ));
        }
        lead.website_domain.clone_from(&capture.website_domain);
    }
    let own = capture
        .custom
        .iter()
        .filter(|(key, _)| !withheld_keys.contains(key));
    for (key, value) in own {
        let path = format!("custom.{key}");
        let old = lead.custom.get(key).cloned().unwrap_or(Value::Null);
        let new = match rules.merge_policy(&path) {
            MergePolicy::Append => appended(&old, value, key, rules),
            policy => merged_value(&old, value, policy),
        };
        if new != old {
            lead.custom.insert(key.clone(), new.clone());
            changes.push(Change::new(path, old, new));
        }
    }
    let new_tags: Vec<String> = capture
        .tags
        .iter()
        .filter(|tag| !lead.tags.contains(tag))
        .cloned()
        .collect();
    if !new_tags.is_empty() {
        let old = lead.tags.clone();
        lead.tags.extend(new_tags);
        changes.push(Change::new("tags", old.into(), lead.tags.clone().into()));
    }
    if lead.is_test && !capture.is_test {
        lead.is_test = false;
        changes.push(Change::new("is_test", true.into(), false.into()));
    }
    changes
}

fn merged_value(old: &Value, new: &Value, policy: MergePolicy) -> Value {
    match policy {
        MergePolicy::Keep => old.clone(),
        MergePolicy::FillEmpty if !old.is_null() => old.clone(),
        MergePolicy::FillEmpty | MergePolicy::Overwrite => new.clone(),
        MergePolicy::Append => append(old, new),
    }
}

/// Of the workspace's own fields long texts and choices of many can be appended to, as far as what comes out still fits;
/// values of the others are replaced.
fn appended(old: &Value, new: &Value, key: &str, rules: &Rules) -> Value {
    let Some(field) = rules.field(key).filter(|field| !field.archived) else {
        return append(old, new);
    };
    match field.field_type {
        FieldType::LongText | FieldType::MultiChoice => {
            let fitting = field_value::normalise(field, &append(old, new));
            fitting.ok().flatten().unwrap_or_else(|| old.clone())
        }
        _ => new.clone(),
    }
}

/// Lists are united, texts put one behind the other; anything else is replaced.
fn append(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => {
            let added = new.iter().filter(|value| !old.contains(value));
            Value::Array(old.iter().chain(added).cloned().collect())
        }
        (Value::Array(old), new) if !old.contains(new) => {
            Value::Array(old.iter().chain([new]).cloned().collect())
        }
        (Value::Array(_), _) => old.clone(),
        (Value::String(old_text), Value::String(new_text))
            if !old_text.contains(new_text.as_str()) =>
        {
            format!("{old_text}\n{new_text}").into()
        }
        (Value::String(_), Value::String(_)) => old.clone(),
        _ => new.clone(),
    }
}
