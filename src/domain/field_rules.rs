//! What a definition of a field may say, alone and beside the others.

use crate::domain::field_definition::{FieldDefinition, FieldType};
use crate::domain::field_value;
use crate::domain::lead_fields::Field;
use crate::domain::normalise::form_key;
use crate::error::FieldError;

/// Most fields of a workspace, archived ones too.
pub const MAX_FIELDS: usize = 500;
/// Most filterable fields of a workspace: each adds a row to the index of values for each lead that has a value.
pub const MAX_FILTERABLE: usize = 50;
/// Most options of a field, archived ones too.
pub const MAX_OPTIONS: usize = 500;
/// Longest key, in characters.
pub const MAX_KEY: usize = 63;

/// Names of leads that are no plain fields, and would be confused with one.
const RESERVED: [&str; 38] = [
    "activities",
    "anonymous_id",
    "attribution",
    "captured_at",
    "channel",
    "consents",
    "created_at",
    "custom",
    "deleted_at",
    "disqualify_reason",
    "dry_run",
    "email_domain",
    "external_ids",
    "full_name",
    "id",
    "identities",
    "ip",
    "is_test",
    "last_activity_at",
    "lead_id",
    "owner_id",
    "page_url",
    "ref",
    "referrer",
    "revisit_at",
    "source",
    "stage",
    "stage_changed_at",
    "stage_kind",
    "submitted_at",
    "tags",
    "team_id",
    "test",
    "updated_at",
    "user_agent",
    "version",
    "website_domain",
    "workspace_id",
];

/// Whether a key has the right form: a letter a–z, then a–z, 0–9 and `_`.
fn is_key(key: &str) -> bool {
    key.len() <= MAX_KEY
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}

/// What is wrong with the key of a new field.
pub fn check_key(key: &str) -> Option<FieldError> {
    if !is_key(key) {
        let detail = format!("a–z first, then a–z, 0–9 and `_`; at most {MAX_KEY} characters");
        return Some(FieldError::new("/key", "invalid_key", detail));
    }
    let is_taken = Field::from_name(key).is_some()
        || RESERVED.contains(&key)
        || form_key::is_honeypot(key)
        || form_key::is_transport(key);
    is_taken.then(|| {
        let detail = "leads or forms have this name already for something else; choose another one";
        FieldError::new("/key", "reserved_key", detail)
    })
}

/// Everything that is wrong with a definition, its key apart. A default that fits is put into normal form.
pub fn check(definition: &mut FieldDefinition) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut note = |wrong: bool, pointer: &str, code, detail: &str| {
        if wrong {
            errors.push(FieldError::new(pointer, code, detail));
        }
    };
    let field_type = definition.field_type;
    note(
        definition.label.is_empty(),
        "/label",
        "empty_label",
        "a field has a label",
    );
    note(
        !field_type.is_choice() && !definition.options.is_empty(),
        "/options",
        "not_for_this_type",
        "only single_choice and multi_choice have options",
    );
    let is_offered = definition.options.iter().any(|option| !option.archived);
    note(
        field_type.is_choice() && !is_offered,
        "/options",
        "options_missing",
        "a choice has at least one option that is not archived",
    );
    note(
        definition.pattern.is_some() && !field_type.takes_pattern(),
        "/pattern",
        "not_for_this_type",
        "only text, long_text and url have a pattern",
    );
    note(
        definition.filterable && !field_type.can_be_filterable(),
        "/filterable",
        "not_for_this_type",
        "a long_text cannot be filterable; a text can",
    );
    note(
        definition.unique && !field_type.can_be_unique(),
        "/unique",
        "not_for_this_type",
        "only text, integer, decimal, date, datetime and url can be unique",
    );
    note(
        definition.identifies && !definition.unique,
        "/identifies",
        "needs_unique",
        "only a unique field says who somebody is: set `unique`, too",
    );
    note(
        definition.unique && definition.default.is_some(),
        "/default",
        "no_default_for_unique",
        "a unique field has no default: only one lead could have it",
    );
    errors.extend(check_options(definition));
    errors.extend(check_default(definition));
    errors
}

/// Values are told apart, and a label never means another option than its own.
fn check_options(definition: &FieldDefinition) -> Vec<FieldError> {
    let options = &definition.options;
    let lower = |text: &str| text.to_lowercase();
    let repeats = |index: usize| {
        let option = &options[index];
        options[..index].iter().any(|earlier| {
            let names = [lower(&earlier.value), lower(&earlier.label)];
            names.contains(&lower(&option.value)) || names.contains(&lower(&option.label))
        })
    };
    (0..options.len())
        .filter(|index| repeats(*index))
        .map(|index| {
            FieldError::new(
                format!("/options/{index}"),
                "not_unique",
                "another option has this value or label already, in one case or another",
            )
        })
        .collect()
}

fn check_default(definition: &mut FieldDefinition) -> Option<FieldError> {
    let given = definition.default.take()?;
    match field_value::normalise(definition, &given) {
        Ok(normal) => {
            definition.default = normal;
            None
        }
        Err(misfit) => Some(FieldError::new("/default", "misfit", misfit.detail)),
    }
}

/// What is wrong with a definition beside the others of its workspace.
pub fn check_beside(definition: &FieldDefinition, others: &[&FieldDefinition]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if others.len() >= MAX_FIELDS {
        let detail = format!("a workspace has at most {MAX_FIELDS} fields, archived ones too");
        errors.push(FieldError::new("/key", "too_many_fields", detail));
    }
    let filterable = others.iter().filter(|other| other.is_indexed()).count();
    if definition.is_indexed() && filterable >= MAX_FILTERABLE {
        let detail = format!(
            "a workspace has at most {MAX_FILTERABLE} filterable fields: make another one not filterable first"
        );
        errors.push(FieldError::new(
            "/filterable",
            "too_many_filterable",
            detail,
        ));
    }
    errors
}

/// The types that a field can become without a change of its values.
pub fn wider_types(field_type: FieldType) -> Vec<&'static str> {
    FieldType::ALL
        .into_iter()
        .filter(|wider| field_type.widens_to(*wider))
        .map(FieldType::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field_definition::FieldOption;
    use crate::domain::field_value::{index_form, normalise};
    use crate::domain::pattern::Pattern;
    use serde_json::json;

    fn wrong(mut definition: FieldDefinition) -> Vec<String> {
        check(&mut definition)
            .into_iter()
            .map(|error| format!("{} {}", error.pointer, error.code))
            .collect()
    }

    fn option(value: &str, label: &str) -> FieldOption {
        FieldOption {
            value: value.into(),
            label: label.into(),
            archived: false,
        }
    }

    #[test]
    fn keys_are_names_that_nothing_else_has() {
        for good in ["plan", "a", "vat_id", "size2", &"x".repeat(63)] {
            assert_eq!(check_key(good), None, "{good}");
        }
        for bad in ["", "Plan", "2nd", "_x", "a-b", "größe", &"x".repeat(64)] {
            assert_eq!(check_key(bad).unwrap().code, "invalid_key", "{bad}");
        }
        for taken in ["email", "message", "tags", "stage", "id", "custom"] {
            assert_eq!(check_key(taken).unwrap().code, "reserved_key", "{taken}");
        }
    }

    #[test]
    fn everything_that_does_not_go_together_is_said_at_once() {
        let long = FieldDefinition {
            label: String::new(),
            options: vec![option("a", "A")],
            filterable: true,
            unique: true,
            default: Some(json!("x")),
            ..FieldDefinition::new("f", 1, FieldType::LongText)
        };
        assert_eq!(
            wrong(long),
            [
                "/label empty_label",
                "/options not_for_this_type",
                "/filterable not_for_this_type",
                "/unique not_for_this_type",
                "/default no_default_for_unique"
            ]
        );
        let whole = FieldDefinition {
            identifies: true,
            pattern: Some(Pattern::known(".")),
            default: Some(json!("many")),
            ..FieldDefinition::new("f", 1, FieldType::Integer)
        };
        assert_eq!(
            wrong(whole),
            [
                "/pattern not_for_this_type",
                "/identifies needs_unique",
                "/default misfit"
            ]
        );
    }

    #[test]
    fn options_are_told_apart_also_by_their_labels() {
        let choice = |options| FieldDefinition {
            options,
            ..FieldDefinition::new("f", 1, FieldType::SingleChoice)
        };
        assert_eq!(wrong(choice(vec![])), ["/options options_missing"]);
        assert_eq!(
            wrong(choice(vec![option("a", "Alpha"), option("b", "ALPHA")])),
            ["/options/1 not_unique"]
        );
        assert_eq!(
            wrong(choice(vec![option("a", "Alpha"), option("A", "Other")])),
            ["/options/1 not_unique"]
        );
        assert_eq!(
            wrong(choice(vec![option("a", "A"), option("b", "B")])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_default_is_kept_in_normal_form() {
        let mut field = FieldDefinition {
            default: Some(json!("42")),
            ..FieldDefinition::new("f", 1, FieldType::Integer)
        };
        assert_eq!(check(&mut field), vec![]);
        assert_eq!(field.default, Some(json!(42)));
    }

    #[test]
    fn a_wider_type_takes_every_value_as_it_is() {
        let mut random = crate::seed::random::Random::of(1, 4);
        for narrow in FieldType::ALL {
            for wide in FieldType::ALL
                .into_iter()
                .filter(|wide| narrow.widens_to(*wide))
            {
                for _ in 0..500 {
                    let value = match narrow {
                        FieldType::Integer => json!(random.next() as i64 >> 11),
                        _ => json!(random.fill("https://example.com/##@@")),
                    };
                    let field = FieldDefinition {
                        options: vec![option(value.as_str().unwrap_or("x"), "Label")],
                        ..FieldDefinition::new("f", 1, narrow)
                    };
                    let kept = normalise(&field, &value).unwrap().unwrap();
                    let wider = FieldDefinition::new("f", 1, wide);
                    assert_eq!(
                        normalise(&wider, &kept),
                        Ok(Some(kept.clone())),
                        "{narrow:?}"
                    );
                    if wide.can_be_filterable() {
                        assert_eq!(index_form(wide, &kept).len(), 1, "{kept}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_so_many_fields_can_be_filterable() {
        let filterable: Vec<FieldDefinition> = (1..=51)
            .map(|slot| FieldDefinition {
                filterable: true,
                ..FieldDefinition::new(format!("f{slot}"), slot, FieldType::Text)
            })
            .collect();
        let others: Vec<&FieldDefinition> = filterable[..50].iter().collect();
        let codes = |definition: &FieldDefinition, others: &[&FieldDefinition]| {
            let errors = check_beside(definition, others);
            errors
                .into_iter()
                .map(|error| error.code)
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(&filterable[50], &others), ["too_many_filterable"]);
        assert_eq!(codes(&filterable[50], &others[1..]), Vec::<&str>::new());
        let plain = FieldDefinition::new("g", 60, FieldType::Text);
        assert_eq!(codes(&plain, &others), Vec::<&str>::new());
    }
}
