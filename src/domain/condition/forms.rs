//! The workspace's own fields are compared in the form in which the index of values keeps them: the order of its bytes is
//! the order of the values. In memory it is made from the lead, in SQL it is read; so both compare the same texts.

use super::comparison::{Comparison, Operand, Order};
use super::field::CustomField;
use crate::domain::field_definition::FieldType;
use crate::domain::field_value::{MAX_INDEXED, index_form};
use crate::domain::lead::Lead;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// What is asked of the forms of a field's values. A field without values fits none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forms {
    /// There is one.
    Any,
    /// One of them is among these.
    OneOf(Vec<String>),
    /// Each of these is among them.
    All(Vec<String>),
    /// One is in this range.
    Range {
        /// From where on, and whether that itself is in it.
        from: Option<(String, bool)>,
        /// Up to where, and whether that itself is in it.
        to: Option<(String, bool)>,
    },
    /// One contains this.
    Contains(String),
}

impl Forms {
    /// What a comparison at `now` asks of the forms of a custom field.
    pub fn of_custom(field: &CustomField, comparison: &Comparison, now: DateTime<Utc>) -> Forms {
        let form = |operand: &Operand| forms_of(field.field_type, &json_of(operand, now));
        match comparison {
            Comparison::Equals(operand) => Forms::OneOf(form(operand)),
            Comparison::OneOf(operands) => Forms::OneOf(operands.iter().flat_map(form).collect()),
            Comparison::Order(order, operand) => match form(operand).pop() {
                Some(form) => range(*order, form, operand),
                None => Forms::OneOf(Vec::new()),
            },
            other => Forms::of_texts(other),
        }
    }

    /// What a comparison asks of labels and other plain texts.
    pub fn of_texts(comparison: &Comparison) -> Forms {
        match comparison {
            Comparison::IsSet => Forms::Any,
            Comparison::StartsWith(prefix) => prefix_range(prefix),
            Comparison::Contains(part) => Forms::Contains(part.clone()),
            Comparison::HasAny(texts) => Forms::OneOf(texts.clone()),
            Comparison::HasAll(texts) => Forms::All(texts.clone()),
            Comparison::Equals(_) | Comparison::OneOf(_) | Comparison::Order(..) => {
                Forms::OneOf(Vec::new())
            }
        }
    }

    /// Whether forms fit.
    pub fn fits(&self, forms: &[String]) -> bool {
        match self {
            Forms::Any => !forms.is_empty(),
            Forms::OneOf(wanted) => forms.iter().any(|form| wanted.contains(form)),
            Forms::All(wanted) => {
                !forms.is_empty() && wanted.iter().all(|wanted| forms.contains(wanted))
            }
            Forms::Range { from, to } => forms.iter().any(|form| {
                let after = from
                    .as_ref()
                    .is_none_or(|(from, itself)| form > from || *itself && form == from);
                let before = to
                    .as_ref()
                    .is_none_or(|(to, itself)| form < to || *itself && form == to);
                after && before
            }),
            Forms::Contains(part) => forms.iter().any(|form| form.contains(part.as_str())),
        }
    }
}

/// Every text that begins with the prefix: those from it up to the first that does not.
fn prefix_range(prefix: &str) -> Forms {
    Forms::Range {
        from: Some((prefix.to_owned(), true)),
        to: after_prefix(prefix).map(|end| (end, false)),
    }
}

/// The first text, by bytes, after all those that begin with `prefix`; `None` when nothing is after them.
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // Surrogates are no characters.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

fn range(order: Order, form: String, operand: &Operand) -> Forms {
    // Amounts of another currency are neither more nor less.
    let (lowest, highest) = match operand {
        Operand::Money(_, currency) => (
            Some((currency.clone(), true)),
            after_prefix(currency).map(|end| (end, false)),
        ),
        _ => (None, None),
    };
    match order {
        Order::Greater => Forms::Range {
            from: Some((form, false)),
            to: highest,
        },
        Order::GreaterOrEqual => Forms::Range {
            from: Some((form, true)),
            to: highest,
        },
        Order::Less => Forms::Range {
            from: lowest,
            to: Some((form, false)),
        },
        Order::LessOrEqual => Forms::Range {
            from: lowest,
            to: Some((form, true)),
        },
    }
}

/// The forms of a lead's values in one of the workspace's own fields.
pub fn custom_forms(field: &CustomField, lead: &Lead) -> Vec<String> {
    lead.custom
        .get(&field.key)
        .map(|value| forms_of(field.field_type, value))
        .unwrap_or_default()
}

/// The forms of a lead's labels.
pub fn tag_forms(lead: &Lead) -> Vec<String> {
    let indexed = |tag: &&String| !tag.is_empty() && tag.len() <= MAX_INDEXED;
    lead.tags.iter().filter(indexed).cloned().collect()
}

/// Long texts have no form in the index; in memory they are compared as they are.
fn forms_of(field_type: FieldType, value: &Value) -> Vec<String> {
    match (field_type, value) {
        (FieldType::LongText, Value::String(text)) if !text.is_empty() => vec![text.clone()],
        (FieldType::LongText, _) => Vec::new(),
        _ => index_form(field_type, value)
            .into_iter()
            .filter(|form| !form.is_empty())
            .collect(),
    }
}

/// The operand as a lead would have it.
fn json_of(operand: &Operand, now: DateTime<Utc>) -> Value {
    match operand {
        Operand::Text(text) => json!(text),
        Operand::Integer(number) => json!(number),
        Operand::Decimal(number) => json!(number),
        Operand::Boolean(yes) => json!(yes),
        Operand::Day(day) => json!(day.on(now).to_string()),
        Operand::Moment(moment) => {
            json!(moment.at(now).to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        Operand::Id(id) => json!(id),
        Operand::Money(amount_minor, currency) => {
            json!({"amount_minor": amount_minor, "currency": currency})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_with_a_prefix_are_a_range() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
        let range = prefix_range("Zo");
        for (text, fits) in [
            ("Zo", true),
            ("Zoë", true),
            ("Zp", false),
            ("Zn\u{10FFFF}", false),
            ("zo", false),
        ] {
            assert_eq!(range.fits(&[text.to_owned()]), fits, "{text}");
        }
    }

    #[test]
    fn amounts_compare_within_their_currency_only() {
        let field = CustomField {
            key: "budget".into(),
            slot: 1,
            field_type: FieldType::Money,
        };
        let amount = |minor, currency: &str| {
            index_form(
                FieldType::Money,
                &json!({"amount_minor": minor, "currency": currency}),
            )
        };
        let asked = |order| {
            Forms::of_custom(
                &field,
                &Comparison::Order(order, Operand::Money(500, "EUR".into())),
                Utc::now(),
            )
        };
        for (minor, currency, more, less) in [
            (501, "EUR", true, false),
            (500, "EUR", false, false),
            (-7, "EUR", false, true),
            (9, "EUS", false, false),
            (900, "USD", false, false),
            (1, "AUD", false, false),
        ] {
            let forms = amount(minor, currency);
            assert_eq!(
                (
                    asked(Order::Greater).fits(&forms),
                    asked(Order::Less).fits(&forms)
                ),
                (more, less),
                "{minor} {currency}"
            );
        }
    }
}
