//! Values, and comparing them.

use super::time::{Day, Moment};
use chrono::{DateTime, NaiveDate, Utc};
use std::cmp::Ordering;
use uuid::Uuid;

/// A value of a lead or an activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Datum<'a> {
    Text(&'a str),
    Integer(i64),
    Decimal(f64),
    Boolean(bool),
    /// Microseconds since 1970.
    Instant(i64),
    Id(Uuid),
    /// There is a value, and nothing to compare it with.
    Other,
}

impl<'a> From<&'a String> for Datum<'a> {
    fn from(text: &'a String) -> Self {
        Datum::Text(text)
    }
}

impl From<&i64> for Datum<'_> {
    fn from(number: &i64) -> Self {
        Datum::Integer(*number)
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Text(String),
    Integer(i64),
    Decimal(f64),
    Boolean(bool),
    Day(Day),
    Moment(Moment),
    Id(Uuid),
    /// Minor units, and an ISO 4217 code.
    Money(i64, String),
}

impl Operand {
    /// The value it stands for at `now`; `None` for days and amounts, which only the workspace's own fields have.
    pub fn datum(&self, now: DateTime<Utc>) -> Option<Datum<'_>> {
        Some(match self {
            Operand::Text(text) => Datum::Text(text),
            Operand::Integer(number) => Datum::Integer(*number),
            Operand::Decimal(number) => Datum::Decimal(*number),
            Operand::Boolean(yes) => Datum::Boolean(*yes),
            Operand::Moment(moment) => Datum::Instant(moment.at(now).timestamp_micros()),
            Operand::Id(id) => Datum::Id(*id),
            Operand::Day(_) | Operand::Money(..) => return None,
        })
    }

    /// The day it stands for at `now`.
    pub fn day(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        match self {
            Operand::Day(day) => Some(day.on(now)),
            _ => None,
        }
    }
}

/// Which side of the other value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    /// Whether it is this one.
    pub fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
        }
    }
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// It is known.
    IsSet,
    /// It is this.
    Equals(Operand),
    /// It is one of these.
    OneOf(Vec<Operand>),
    /// It is greater or less.
    Order(Order, Operand),
    /// It begins with this.
    StartsWith(String),
    /// This is in it.
    Contains(String),
    /// One of these is among them.
    HasAny(Vec<String>),
    /// Each of these is among them.
    HasAll(Vec<String>),
}

/// A comparison, or its opposite.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Holds exactly where the comparison does not.
    pub negated: bool,
    /// What is asked.
    pub comparison: Comparison,
}

impl From<Comparison> for Test {
    fn from(comparison: Comparison) -> Self {
        Test {
            negated: false,
            comparison,
        }
    }
}

impl Comparison {
    /// Whether it holds for a single value; never for a missing one.
    pub fn holds(&self, value: Option<Datum>, now: DateTime<Utc>) -> bool {
        let Some(value) = value else {
            return false;
        };
        let compared = |operand: &Operand| {
            operand
                .datum(now)
                .and_then(|operand| compare(value, operand))
        };
        match self {
            Comparison::IsSet => true,
            Comparison::Equals(operand) => compared(operand) == Some(Ordering::Equal),
            Comparison::OneOf(operands) => operands
                .iter()
                .any(|operand| compared(operand) == Some(Ordering::Equal)),
            Comparison::Order(order, operand) => {
                compared(operand).is_some_and(|found| order.accepts(found))
            }
            Comparison::StartsWith(prefix) => {
                matches!(value, Datum::Text(text) if text.starts_with(prefix.as_str()))
            }
            Comparison::Contains(part) => {
                matches!(value, Datum::Text(text) if text.contains(part.as_str()))
            }
            // Lists have no single value.
            Comparison::HasAny(_) | Comparison::HasAll(_) => false,
        }
    }
}

/// `None` when the two are of different kinds.
fn compare(left: Datum, right: Datum) -> Option<Ordering> {
    match (left, right) {
        (Datum::Text(left), Datum::Text(right)) => Some(left.cmp(right)),
        (Datum::Integer(left), Datum::Integer(right))
        | (Datum::Instant(left), Datum::Instant(right)) => Some(left.cmp(&right)),
        (Datum::Decimal(left), Datum::Decimal(right)) => left.partial_cmp(&right),
        (Datum::Boolean(left), Datum::Boolean(right)) => Some(left.cmp(&right)),
        (Datum::Id(left), Datum::Id(right)) => Some(left.cmp(&right)),
        _ => None,
    }
}
