//! What a lead's `custom` holds under the workspace's own fields: taken in, filled up, asked for, told apart.

use crate::domain::field_definition::FieldDefinition;
use crate::domain::field_value::{self, MAX_INDEXED, Misfit};
use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::error::FieldError;
use serde_json::{Map, Value};

/// The slot of the labels in the index of values.
pub const TAGS_SLOT: i16 = 0;

/// Values put into normal form, and those that do not fit.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// Those that fit, and those of no field, as they came.
    pub custom: Map<String, Value>,
    /// Those that do not fit, as they came.
    pub misfits: Vec<(String, Value, Misfit)>,
}

/// Puts the values of the workspace's own fields into normal form. Those of archived fields and of none stay as they are.
pub fn take(given: Map<String, Value>, rules: &Rules) -> Taken {
    if rules.fields.is_empty() {
        return Taken {
            custom: given,
            misfits: Vec::new(),
        };
    }
    let mut taken = Taken::default();
    for (key, value) in given {
        let Some(field) = rules.field(&key).filter(|field| !field.archived) else {
            taken.custom.insert(key, value);
            continue;
        };
        match field_value::normalise(field, &value) {
            Ok(Some(normal)) => {
                taken.custom.insert(key, normal);
            }
            Ok(None) => {}
            Err(misfit) => taken.misfits.push((key, value, misfit)),
        }
    }
    taken
}

/// A value that does not fit, as a wrong field of a request.
pub fn wrong(key: &str, misfit: &Misfit) -> FieldError {
    FieldError::new(format!("/custom/{key}"), misfit.code, &misfit.detail)
}

/// Required fields that a new lead would not have.
pub fn missing<'a>(
    custom: &'a Map<String, Value>,
    rules: &'a Rules,
) -> impl Iterator<Item = FieldError> + 'a {
    rules
        .fields
        .iter()
        .filter(|field| field.required && !field.archived && field.default.is_none())
        .filter(|field| custom.get(&field.key).is_none_or(Value::is_null))
        .map(|field| {
            FieldError::new(
                format!("/custom/{}", field.key),
                "required",
                "this workspace requires a value",
            )
        })
}

/// Gives a new lead the defaults of the fields it has no value for.
pub fn fill_up(custom: &mut Map<String, Value>, rules: &Rules) {
    for field in rules.fields.iter().filter(|field| !field.archived) {
        if let Some(default) = &field.default
            && !custom.contains_key(&field.key)
        {
            custom.insert(field.key.clone(), default.clone());
        }
    }
}

/// What no other lead may have: the value of a unique field.
pub fn identity(field: &FieldDefinition, value: &Value) -> Option<Identity> {
    if !field.is_exclusive() {
        return None;
    }
    let form = field_value::index_form(field.field_type, value).pop()?;
    Some(Identity::new(
        IdentityKind::CustomField,
        format!("{}:{form}", field.key),
    ))
}

/// What no other lead may have of these values.
pub fn identities(custom: &Map<String, Value>, rules: &Rules) -> Vec<Identity> {
    let unique = rules.fields.iter().filter(|field| field.is_exclusive());
    unique
        .filter_map(|field| identity(field, custom.get(&field.key)?))
        .collect()
}

/// The field that a value belongs to which no other lead may have.
pub fn field_of<'a>(identity: &Identity, rules: &'a Rules) -> Option<&'a FieldDefinition> {
    if identity.kind != IdentityKind::CustomField {
        return None;
    }
    let (key, _) = identity.value.split_once(':')?;
    rules.field(key)
}

/// Whether somebody is known by it: the field identifies, and the workspace's order of identities has `custom_field`.
pub fn identifies(identity: &Identity, rules: &Rules) -> bool {
    rules.identity_order.contains(&IdentityKind::CustomField)
        && field_of(identity, rules).is_some_and(|field| field.identifies && field.is_exclusive())
}

/// Whether the lead has this value now.
pub fn holds(lead: &Lead, identity: &Identity, rules: &Rules) -> bool {
    let own = field_of(identity, rules)
        .and_then(|field| self::identity(field, lead.custom.get(&field.key)?));
    own.as_ref() == Some(identity)
}

/// Values that the lead had, and that no other lead could have until now.
pub fn lost(before: &Lead, after: &Lead, rules: &Rules) -> Vec<Identity> {
    if rules.fields.is_empty() || before.custom == after.custom {
        return Vec::new();
    }
    let mut lost = identities(&before.custom, rules);
    lost.retain(|identity| !holds(after, identity, rules));
    lost
}

/// The rows of a lead in the index of values: its labels, and its values of the filterable fields, each with its slot.
pub fn index_rows(lead: &Lead, rules: &Rules) -> Vec<(i16, String)> {
    let tags = lead.tags.iter().filter(|tag| tag.len() <= MAX_INDEXED);
    let mut rows: Vec<(i16, String)> = tags.map(|tag| (TAGS_SLOT, tag.clone())).collect();
    for field in rules.fields.iter().filter(|field| field.is_indexed()) {
        if let Some(value) = lead.custom.get(&field.key) {
            let forms = field_value::index_form(field.field_type, value);
            rows.extend(forms.into_iter().map(|form| (field.slot, form)));
        }
    }
    rows
}
