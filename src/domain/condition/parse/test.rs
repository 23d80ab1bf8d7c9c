//! Reading what is asked of a field: the operator and its value.

use super::Parser;
use crate::domain::condition::MAX_VALUES;
use crate::domain::condition::column::{Kind, Operator};
use crate::domain::condition::comparison::{Comparison, Order, Test};
use crate::domain::condition::reading::Reading;
use crate::domain::nearest::did_you_mean;
use serde_json::{Map, Value};

impl<'r> Parser<'r> {
    /// The operator and its value. With an unknown kind of field, only what is wrong in any case is noted.
    pub(super) fn test(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        kind: Option<Kind>,
        reading: &Reading,
    ) -> Option<Test> {
        let operator = self.operator(object, at, kind)?;
        let (kind, place) = (kind?, format!("{at}/value"));
        if !operator.takes_value() {
            if object.contains_key("value") {
                self.wrong(
                    place,
                    "unexpected_value",
                    format!("`{}` takes no value: leave it out", operator.as_str()),
                );
                return None;
            }
            return Some(Test {
                negated: operator == Operator::IsNotSet,
                comparison: Comparison::IsSet,
            });
        }
        let value = match object.get("value") {
            None => {
                self.wrong(
                    place,
                    "required",
                    format!("`{}` needs a value", operator.as_str()),
                );
                return None;
            }
            Some(Value::Null) => {
                self.wrong(
                    place,
                    "wrong_type",
                    "null cannot be compared with: use `is_set` or `is_not_set`",
                );
                return None;
            }
            Some(value) => value,
        };
        let negated = matches!(operator, Operator::Ne | Operator::NotIn);
        let comparison = match operator {
            Operator::Eq | Operator::Ne => {
                Comparison::Equals(self.noted(place, reading.operand(kind, value))?)
            }
            Operator::In | Operator::NotIn => Comparison::OneOf(
                self.list(value, &place)?
                    .into_iter()
                    .map(|(place, value)| self.noted(place, reading.operand(kind, value)))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect::<Option<_>>()?,
            ),
            Operator::HasAny | Operator::HasAll => {
                let texts = self
                    .list(value, &place)?
                    .into_iter()
                    .map(|(place, value)| self.noted(place, reading.text(value)))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect::<Option<_>>()?;
                if operator == Operator::HasAny {
                    Comparison::HasAny(texts)
                } else {
                    Comparison::HasAll(texts)
                }
            }
            Operator::StartsWith => {
                Comparison::StartsWith(self.noted(place, reading.part_of_text(value))?)
            }
            Operator::Contains => {
                Comparison::Contains(self.noted(place, reading.part_of_text(value))?)
            }
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                let order = match operator {
                    Operator::Gt => Order::Greater,
                    Operator::Gte => Order::GreaterOrEqual,
                    Operator::Lt => Order::Less,
                    _ => Order::LessOrEqual,
                };
                Comparison::Order(order, self.noted(place, reading.operand(kind, value))?)
            }
            Operator::IsSet | Operator::IsNotSet => Comparison::IsSet,
        };
        Some(Test {
            negated,
            comparison,
        })
    }

    fn operator(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        kind: Option<Kind>,
    ) -> Option<Operator> {
        let place = format!("{at}/op");
        let operators = kind.map_or(&Operator::ALL[..], Kind::operators);
        let names: Vec<&str> = operators.iter().map(|known| known.as_str()).collect();
        let listed = names.join("`, `");
        let Some(given) = object.get("op") else {
            self.wrong(place, "required", format!("one of `{listed}`"));
            return None;
        };
        let known = given.as_str().and_then(Operator::from_name);
        match known {
            Some(operator) if operators.contains(&operator) => Some(operator),
            Some(_) => {
                self.wrong(
                    place,
                    "unknown_operator",
                    format!("does not go with this field; those that do: `{listed}`"),
                );
                None
            }
            None => {
                let hint = did_you_mean(given.as_str().unwrap_or_default(), names.into_iter());
                self.wrong(
                    place,
                    "unknown_operator",
                    format!("must be one of `{listed}`{hint}"),
                );
                None
            }
        }
    }

    /// The items of a list, each with its place.
    pub(super) fn list<'v>(
        &mut self,
        value: &'v Value,
        place: &str,
    ) -> Option<Vec<(String, &'v Value)>> {
        let Value::Array(items) = value else {
            self.wrong(place, "wrong_type", "must be a list of values");
            return None;
        };
        if items.is_empty() || items.len() > MAX_VALUES {
            let code = if items.is_empty() {
                "too_few"
            } else {
                "too_many"
            };
            self.wrong(
                place,
                code,
                format!("must have at least 1 and at most {MAX_VALUES} values"),
            );
            return None;
        }
        Some(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| (format!("{place}/{index}"), item))
                .collect(),
        )
    }

    pub(super) fn noted<T>(
        &mut self,
        place: String,
        read: Result<T, (&'static str, String)>,
    ) -> Option<T> {
        read.map_err(|(code, detail)| self.wrong(place, code, detail))
            .ok()
    }
}
