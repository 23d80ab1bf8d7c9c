//! What conditions ask of activities.

use super::Node;
use super::column::Kind;
use super::comparison::{Datum, Test};
use super::field::AttributionKey;
use super::time::Span;
use crate::domain::activity::Activity;
use serde_json::Value;

/// Something about what happened with a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityTest {
    /// Of one of these types.
    pub types: Vec<String>,
    /// What else is asked of each.
    pub filter: Node<ActivityCheck>,
    /// How many there have to be.
    pub count: Count,
    /// How far back, up to now; `None`: ever.
    pub within: Option<Span>,
}

/// Which activities are meant, each looked at by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityPattern {
    /// Of one of these types.
    pub types: Vec<String>,
    /// What else is asked of it.
    pub filter: Node<ActivityCheck>,
}

/// A single thing that is asked of an activity.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityCheck {
    /// Of which field.
    pub field: ActivityField,
    /// What.
    pub test: Test,
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// At least.
    pub min: u32,
    /// At most; `None`: any number.
    pub max: Option<u32>,
}

impl Default for Count {
    /// At least one.
    fn default() -> Self {
        Count { min: 1, max: None }
    }
}

impl Count {
    /// Whether so many are as many as asked for.
    pub fn accepts(self, found: u32) -> bool {
        found >= self.min && self.max.is_none_or(|max| found <= max)
    }

    /// How many have to be looked at, at most, to tell.
    pub fn enough(self) -> u32 {
        self.max.map_or(self.min, |max| max.saturating_add(1))
    }
}

/// A field of an activity.
#[derive(Debug, Clone, PartialEq)]
pub enum ActivityField {
    Type,
    OccurredAt,
    CreatedAt,
    Source,
    Channel,
    Direction,
    Outcome,
    Subject,
    Body,
    DurationSeconds,
    /// What else is known of it, by the names that lead there.
    Property(Vec<String>),
    Attribution(AttributionKey),
}

impl ActivityField {
    /// Those with a fixed name.
    pub const NAMED: [(&str, ActivityField); 10] = [
        ("type", ActivityField::Type),
        ("occurred_at", ActivityField::OccurredAt),
        ("created_at", ActivityField::CreatedAt),
        ("source", ActivityField::Source),
        ("channel", ActivityField::Channel),
        ("direction", ActivityField::Direction),
        ("outcome", ActivityField::Outcome),
        ("subject", ActivityField::Subject),
        ("body", ActivityField::Body),
        ("duration_seconds", ActivityField::DurationSeconds),
    ];

    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            ActivityField::Type
            | ActivityField::Source
            | ActivityField::Channel
            | ActivityField::Outcome
            | ActivityField::Subject
            | ActivityField::Body
            | ActivityField::Attribution(_) => Kind::Text,
            ActivityField::Direction => Kind::Choice,
            ActivityField::DurationSeconds => Kind::Integer,
            ActivityField::OccurredAt | ActivityField::CreatedAt => Kind::Datetime,
            ActivityField::Property(_) => Kind::Any,
        }
    }

    /// Its value; `None` when it is missing.
    pub fn value<'a>(&self, activity: &'a Activity) -> Option<Datum<'a>> {
        let value = match self {
            ActivityField::Type => Some(Datum::Text(&activity.kind)),
            ActivityField::OccurredAt => {
                Some(Datum::Instant(activity.occurred_at.timestamp_micros()))
            }
            ActivityField::CreatedAt => {
                Some(Datum::Instant(activity.created_at.timestamp_micros()))
            }
            ActivityField::Source => activity.source.as_deref().map(Datum::Text),
            ActivityField::Channel => activity.channel.as_deref().map(Datum::Text),
            ActivityField::Direction => activity.direction.map(|way| Datum::Text(way.as_str())),
            ActivityField::Outcome => activity.outcome.as_deref().map(Datum::Text),
            ActivityField::Subject => activity.subject.as_deref().map(Datum::Text),
            ActivityField::Body => activity.body.as_deref().map(Datum::Text),
            ActivityField::DurationSeconds => activity.duration_seconds.map(Datum::Integer),
            ActivityField::Property(path) => property(activity, path),
            ActivityField::Attribution(key) => key.value(&activity.attribution),
        };
        value.filter(|value| *value != Datum::Text(""))
    }
}

fn property<'a>(activity: &'a Activity, path: &[String]) -> Option<Datum<'a>> {
    let (first, rest) = path.split_first()?;
    let value = rest
        .iter()
        .try_fold(activity.properties.get(first)?, |value, name| {
            value.as_object()?.get(name)
        })?;
    Some(match value {
        Value::Null => return None,
        Value::Array(items) if items.is_empty() => return None,
        Value::Array(_) | Value::Object(_) => Datum::Other,
        Value::String(text) => Datum::Text(text),
        Value::Number(number) => Datum::Decimal(number.as_f64()?),
        Value::Bool(yes) => Datum::Boolean(*yes),
    })
}
