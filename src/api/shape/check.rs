//! Walks a JSON value along a [`Shape`] and notes what is wrong.

use serde_json::{Map, Number, Value};

use super::pointer::Pointer;
use super::{
    Fields, Kind, MAX_ERRORS, Node, NumberBounds, Others, Shape, Text, did_you_mean, shown_name,
};
use crate::error::FieldError;

/// Choices that only trying can tell apart are tried this deep within each other, and then left to serde:
/// every level multiplies the work.
const MAX_NESTED_CHOICES: usize = 4;

/// Which fields an object must have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The required ones, and null only where the schema allows it.
    Whole,
    /// None, and null everywhere: a merge patch.
    Patch,
}

/// One walk.
pub struct Check<'s> {
    shape: &'s Shape,
    presence: Presence,
    nested_choices: usize,
    errors: Vec<FieldError>,
}

impl<'s> Check<'s> {
    /// A walk along `shape`.
    pub fn new(shape: &'s Shape, presence: Presence) -> Self {
        Check {
            shape,
            presence,
            nested_choices: 0,
            errors: Vec::new(),
        }
    }

    /// Everything that is wrong with `value`.
    pub fn run(mut self, value: &Value) -> Vec<FieldError> {
        self.value(0, value, &Pointer::ROOT);
        self.errors
    }

    fn value(&mut self, index: usize, value: &Value, at: &Pointer) {
        if self.errors.len() >= MAX_ERRORS {
            return;
        }
        let shape = self.shape;
        let node = shape.resolve(index);
        match (&node.kind, value) {
            (Kind::Any, _) => {}
            (_, Value::Null) if self.takes_null(node) => {}
            (Kind::Same(target), _) => self.value(*target, value, at),
            (Kind::OneOf(choices), _) => self.one_of(choices, value, at),
            (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Integer { min, max }, Value::Number(number)) => {
                self.integer(*min, *max, number, at)
            }
            (Kind::Number(bounds), Value::Number(number)) => self.number(bounds, number, at),
            (Kind::String(rules), Value::String(text)) => self.text(rules, text, at),
            (Kind::Array { items, min, max }, Value::Array(values)) => {
                self.array(*items, (*min, *max), values, at)
            }
            (Kind::Object(fields), Value::Object(object)) => self.object(fields, object, at),
            (kind, found) => self.wrong(
                at,
                "wrong_type",
                format!("must be {}, not {}", wanted(kind), found_type(found)),
            ),
        }
    }

    /// Null is right where the schema says so, here or behind a `$ref`.
    fn takes_null(&self, node: &Node) -> bool {
        match &node.kind {
            _ if node.nullable => true,
            Kind::Null | Kind::Any => true,
            Kind::Same(target) => self.takes_null(self.shape.resolve(*target)),
            Kind::OneOf(choices) => choices
                .iter()
                .any(|choice| self.takes_null(self.shape.resolve(*choice))),
            _ => false,
        }
    }

    fn integer(&mut self, min: Option<i128>, max: Option<i128>, number: &Number, at: &Pointer) {
        let Some(value) = number
            .as_i64()
            .map(i128::from)
            .or(number.as_u64().map(i128::from))
        else {
            return self.wrong(at, "wrong_type", "must be a whole number");
        };
        if min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max) {
            let bounds = [
                min.map(|min| format!("at least {min}")),
                max.map(|max| format!("at most {max}")),
            ];
            self.out_of_range(bounds, at);
        }
    }

    fn number(&mut self, bounds: &NumberBounds, number: &Number, at: &Pointer) {
        let value = number.as_f64().unwrap_or(f64::NAN);
        let NumberBounds {
            min,
            max,
            above,
            below,
        } = *bounds;
        let right = min.is_none_or(|min| value >= min)
            && max.is_none_or(|max| value <= max)
            && above.is_none_or(|above| value > above)
            && below.is_none_or(|below| value < below);
        if !right {
            let low = min
                .map(|min| format!("at least {min}"))
                .or(above.map(|above| format!("more than {above}")));
            let high = max
                .map(|max| format!("at most {max}"))
                .or(below.map(|below| format!("less than {below}")));
            self.out_of_range([low, high], at);
        }
    }

    fn out_of_range(&mut self, bounds: [Option<String>; 2], at: &Pointer) {
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        self.wrong(
            at,
            "out_of_range",
            format!("must be {}", bounds.join(" and ")),
        );
    }

    fn text(&mut self, rules: &Text, text: &str, at: &Pointer) {
        if let Some(allowed) = &rules.allowed {
            if !allowed.iter().any(|value| value == text) {
                self.wrong(
                    at,
                    "not_allowed",
                    format!("must be one of `{}`", allowed.join("`, `")),
                );
            }
            return;
        }
        // Bytes are an upper bound of characters, so most texts need no counting.
        if text.len() > rules.max && text.chars().count() > rules.max {
            self.wrong(
                at,
                "too_long",
                format!("must have at most {} characters", rules.max),
            );
        }
        if rules.min > 0 && text.chars().take(rules.min).count() < rules.min {
            self.wrong(
                at,
                "too_short",
                format!(
                    "must have at least {} character{}",
                    rules.min,
                    plural(rules.min)
                ),
            );
        }
        if let Some(format) = rules.format
            && !format.fits(text)
        {
            self.wrong(at, "invalid_format", format.remedy());
        }
    }

    fn array(&mut self, items: usize, (min, max): (usize, usize), values: &[Value], at: &Pointer) {
        if values.len() > max {
            // The items are not looked at: a list that is too long may be far too long.
            return self.wrong(
                at,
                "too_many",
                format!("must have at most {max} item{}", plural(max)),
            );
        }
        if values.len() < min {
            self.wrong(
                at,
                "too_few",
                format!("must have at least {min} item{}", plural(min)),
            );
        }
        let presence = std::mem::replace(&mut self.presence, Presence::Whole);
        for (index, value) in values.iter().enumerate() {
            self.value(items, value, &at.item(index));
        }
        self.presence = presence;
    }

    fn object(&mut self, fields: &Fields, object: &Map<String, Value>, at: &Pointer) {
        if let Some(max) = fields.max.filter(|max| object.len() > *max) {
            return self.wrong(
                at,
                "too_many",
                format!("must have at most {max} field{}", plural(max)),
            );
        }
        if object.len() < fields.min && self.presence == Presence::Whole {
            self.wrong(
                at,
                "too_few",
                format!(
                    "must have at least {} field{}",
                    fields.min,
                    plural(fields.min)
                ),
            );
        }
        for (name, value) in object {
            self.field(fields, name, value, &at.field(name));
        }
        if self.presence == Presence::Whole {
            for name in fields
                .required
                .iter()
                .filter(|name| !object.contains_key(*name))
            {
                self.wrong(
                    &at.field(name),
                    "required",
                    format!("the field `{name}` is required"),
                );
            }
        }
    }

    fn field(&mut self, fields: &Fields, name: &str, value: &Value, at: &Pointer) {
        if self.presence == Presence::Patch
            && value.is_null()
            && (fields.known.contains_key(name) || fields.others != Others::Refused)
        {
            return;
        }
        match (fields.known.get(name), fields.others) {
            (Some(index), _) => self.value(*index, value, at),
            (None, Others::Like(index)) => self.value(index, value, at),
            (None, Others::Any) => {}
            (None, Others::Refused) => {
                let hint = did_you_mean(name, fields.known.keys().map(String::as_str));
                self.wrong(
                    at,
                    "unknown_field",
                    format!("unknown field `{}`{hint}", shown_name(name)),
                );
            }
        }
    }

    /// Choices of another JSON type or with another tag were not meant. Of the rest the first without an error is
    /// right; if there is none, the errors are those of the choice that is nearest.
    fn one_of(&mut self, choices: &[usize], value: &Value, at: &Pointer) {
        let shape = self.shape;
        let mut meant = choices
            .iter()
            .copied()
            .filter(|choice| is_meant(shape, *choice, value));
        let (Some(first), second) = (meant.next(), meant.next()) else {
            return self.none_of(choices, value, at);
        };
        let Some(second) = second else {
            return self.value(first, value, at);
        };
        if self.nested_choices >= MAX_NESTED_CHOICES {
            return;
        }
        let mut nearest: Option<(usize, Vec<FieldError>)> = None;
        for choice in [first, second].into_iter().chain(meant) {
            let mut attempt = Check {
                nested_choices: self.nested_choices + 1,
                ..Check::new(shape, self.presence)
            };
            attempt.value(choice, value, at);
            if attempt.errors.is_empty() {
                return;
            }
            let distance = distance(&attempt.errors);
            if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                nearest = Some((distance, attempt.errors));
            }
        }
        let room = MAX_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(
            nearest
                .into_iter()
                .flat_map(|(_, errors)| errors)
                .take(room),
        );
    }

    /// Not one choice was meant: name what there is, tags, texts or types.
    fn none_of(&mut self, choices: &[usize], value: &Value, at: &Pointer) {
        let shape = self.shape;
        let kinds = || choices.iter().map(|choice| &shape.resolve(*choice).kind);
        if let Some(sent) = value.as_object() {
            let tags: Vec<(&str, &str)> = kinds()
                .filter_map(object_fields)
                .flat_map(|fields| tags(shape, fields))
                .collect();
            if let Some((name, _)) = tags.iter().find(|(name, _)| sent.contains_key(*name)) {
                let values: Vec<&str> = tags
                    .iter()
                    .filter(|(other, _)| other == name)
                    .map(|(_, value)| *value)
                    .collect();
                return self.wrong(
                    &at.field(name),
                    "not_allowed",
                    format!("must be one of `{}`", values.join("`, `")),
                );
            }
        }
        let texts: Vec<&str> = kinds()
            .filter_map(allowed_texts)
            .flatten()
            .map(String::as_str)
            .collect();
        if value.is_string() && !texts.is_empty() {
            return self.wrong(
                at,
                "not_allowed",
                format!("must be one of `{}`", texts.join("`, `")),
            );
        }
        let mut names: Vec<&str> = kinds().map(wanted).collect();
        names.dedup();
        self.wrong(
            at,
            "wrong_type",
            format!("must be {}, not {}", names.join(" or "), found_type(value)),
        );
    }

    fn wrong(&mut self, at: &Pointer, code: &'static str, detail: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError::new(at.render(), code, detail));
        }
    }
}

/// Whether a choice has the JSON type of `value`, and its tag or one of its texts.
fn is_meant(shape: &Shape, choice: usize, value: &Value) -> bool {
    match (&shape.resolve(choice).kind, value) {
        (Kind::Object(fields), Value::Object(sent)) => tags(shape, fields).all(|(name, tag)| {
            sent.get(name)
                .and_then(Value::as_str)
                .is_none_or(|value| value == tag)
        }),
        (
            Kind::String(Text {
                allowed: Some(allowed),
                ..
            }),
            Value::String(text),
        ) => allowed.contains(text),
        (Kind::Any | Kind::OneOf(_) | Kind::Same(_), _)
        | (Kind::Null, Value::Null)
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Integer { .. } | Kind::Number(_), Value::Number(_))
        | (Kind::String(Text { allowed: None, .. }), Value::String(_))
        | (Kind::Array { .. }, Value::Array(_)) => true,
        _ => false,
    }
}

/// The fields that can have one text only, such as `type` in each variant of a tagged enum.
fn tags<'s>(shape: &'s Shape, fields: &'s Fields) -> impl Iterator<Item = (&'s str, &'s str)> {
    fields.known.iter().filter_map(|(name, index)| {
        match allowed_texts(&shape.resolve(*index).kind).map(Vec::as_slice) {
            Some([only]) => Some((name.as_str(), only.as_str())),
            _ => None,
        }
    })
}

fn allowed_texts(kind: &Kind) -> Option<&Vec<String>> {
    match kind {
        Kind::String(text) => text.allowed.as_ref(),
        _ => None,
    }
}

fn object_fields(kind: &Kind) -> Option<&Fields> {
    match kind {
        Kind::Object(fields) => Some(fields),
        _ => None,
    }
}

/// How far a value is from a choice, judged by its errors: wrong names say more than wrong values.
fn distance(errors: &[FieldError]) -> usize {
    errors
        .iter()
        .map(|error| {
            if matches!(error.code, "unknown_field" | "required") {
                10
            } else {
                1
            }
        })
        .sum()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "true or false",
        Kind::Integer { .. } => "a whole number",
        Kind::Number(_) => "a number",
        Kind::String(_) => "a string",
        Kind::Array { .. } => "an array",
        Kind::Object(_) => "an object",
        Kind::Any | Kind::OneOf(_) | Kind::Same(_) => "another value",
    }
}

fn found_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
