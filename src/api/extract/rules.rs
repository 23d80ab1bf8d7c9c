//! Refusals of serde and of `validator`, as field errors. Both like to repeat the value; here it is left out.

use serde_path_to_error::{Path, Segment};
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::api::shape::shown_name;
use crate::error::FieldError;

/// Every broken `validator` rule with its JSON pointer, in the order of the pointers.
pub fn field_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer).then(a.code.cmp(b.code)));
    found
}

fn collect(errors: &ValidationErrors, parent: &str, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        // `__all__` stands for a rule about the object as a whole.
        let here = if name == "__all__" {
            parent.to_owned()
        } else {
            format!("{parent}/{}", escaped(name))
        };
        match kind {
            ValidationErrorsKind::Field(broken) => {
                found.extend(broken.iter().map(|error| field_error(&here, error)))
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, found),
            ValidationErrorsKind::List(items) => items
                .iter()
                .for_each(|(index, inner)| collect(inner, &format!("{here}/{index}"), found)),
        }
    }
}

fn field_error(pointer: &str, error: &ValidationError) -> FieldError {
    let (code, detail) = explained(error);
    let detail = error
        .message
        .as_ref()
        .map_or(detail, |message| message.to_string());
    FieldError::new(pointer, code, detail)
}

/// The code and the sentence for one broken rule, of its parameters but never of the value.
fn explained(error: &ValidationError) -> (&'static str, String) {
    let parameter = |name: &str| error.params.get(name);
    let bounds = |unit: &str| match (parameter("min"), parameter("max"), parameter("equal")) {
        (_, _, Some(equal)) => format!("must be {equal}{unit}"),
        (Some(min), Some(max), _) => format!("must be at least {min} and at most {max}{unit}"),
        (Some(min), None, _) => format!("must be at least {min}{unit}"),
        (None, Some(max), _) => format!("must be at most {max}{unit}"),
        (None, None, None) => "is out of range".to_owned(),
    };
    match error.code.as_ref() {
        "length" => (
            if is_too_long(error) {
                "too_long"
            } else {
                "too_short"
            },
            bounds(" long"),
        ),
        "range" => ("out_of_range", bounds("")),
        "email" => ("invalid_format", "must be an e-mail address".to_owned()),
        "url" => ("invalid_format", "must be an absolute URL".to_owned()),
        "required" => ("required", "is required".to_owned()),
        _ => match &error.code {
            std::borrow::Cow::Borrowed(code) => {
                (code, "does not keep a rule of this field".to_owned())
            }
            std::borrow::Cow::Owned(_) => (
                "invalid_value",
                "does not keep a rule of this field".to_owned(),
            ),
        },
    }
}

fn is_too_long(error: &ValidationError) -> bool {
    let Some(most) = error
        .params
        .get("max")
        .or(error.params.get("equal"))
        .and_then(|most| most.as_u64())
    else {
        return false;
    };
    let length = match error.params.get("value") {
        Some(serde_json::Value::String(text)) => text.chars().count(),
        Some(serde_json::Value::Array(items)) => items.len(),
        Some(serde_json::Value::Object(fields)) => fields.len(),
        _ => return false,
    };
    length as u64 > most
}

/// What serde refused. Of its message only the end of the known forms is shown: `expected …` names a type.
pub fn refused(pointer: &str, message: &str) -> FieldError {
    let known = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|start| message.starts_with(start));
    let expected = if known {
        message
            .rsplit_once(", expected ")
            .map(|(_, expected)| expected)
    } else {
        None
    };
    let detail = match expected {
        Some(expected) => format!("cannot be read; expected {expected}"),
        None => "cannot be read as what this field holds".to_owned(),
    };
    FieldError::new(pointer, "invalid_value", detail)
}

/// The JSON pointer of a path that serde went.
pub fn pointer(path: &Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => format!("/{}", escaped(key)),
        Segment::Unknown => String::new(),
    });
    segments.collect()
}

fn escaped(name: &str) -> String {
    shown_name(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_refusal_by_serde_only_the_expected_type_is_shown() {
        let error = refused(
            "/a",
            r#"invalid type: string "Ada, expected x", expected u8"#,
        );
        assert_eq!(error.detail, "cannot be read; expected u8");
        assert!(
            !refused("/a", "Ada is not a lead, expected Bob")
                .detail
                .contains("Bob")
        );
    }

    #[test]
    fn a_rule_about_the_whole_object_points_at_the_object() {
        let mut errors = ValidationErrors::new();
        errors.add(
            "__all__",
            ValidationError::new("needs_identity")
                .with_message("give an address or a number".into()),
        );
        assert_eq!(
            field_errors(&errors),
            [FieldError::new(
                "",
                "needs_identity",
                "give an address or a number"
            )]
        );
    }

    #[test]
    fn a_length_says_which_way_it_is_wrong() {
        let mut error = ValidationError::new("length");
        error.add_param("min".into(), &2);
        error.add_param("max".into(), &3);
        error.add_param("value".into(), &"abcd");
        assert_eq!(
            explained(&error),
            (
                "too_long",
                "must be at least 2 and at most 3 long".to_owned()
            )
        );
        error.add_param("value".into(), &"a");
        assert_eq!(explained(&error).0, "too_short");
    }
}
