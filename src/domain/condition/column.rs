//! The fields that every lead has, and which operators go with which kind of field.

use super::comparison::Datum;
use crate::domain::lead::Lead;
use crate::domain::lead_fields::{FieldKind, for_each_lead_field};
use chrono::{DateTime, Utc};

/// What kind of value a field holds, as far as comparing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Unicode text.
    Text,
    /// A text out of a few.
    Choice,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A calendar date.
    Date,
    /// A moment.
    Datetime,
    /// Several texts.
    List,
    /// An amount with its currency.
    Money,
    /// The id of something.
    Id,
    /// A text, a number or a boolean: it depends on the value at hand.
    Any,
}

/// A way to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    In,
    NotIn,
    Gt,
    Gte,
    Lt,
    Lte,
    StartsWith,
    Contains,
    HasAny,
    HasAll,
    IsSet,
    IsNotSet,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 14] = [
        Operator::Eq,
        Operator::Ne,
        Operator::In,
        Operator::NotIn,
        Operator::Gt,
        Operator::Gte,
        Operator::Lt,
        Operator::Lte,
        Operator::StartsWith,
        Operator::Contains,
        Operator::HasAny,
        Operator::HasAll,
        Operator::IsSet,
        Operator::IsNotSet,
    ];

    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::In => "in",
            Operator::NotIn => "not_in",
            Operator::Gt => "gt",
            Operator::Gte => "gte",
            Operator::Lt => "lt",
            Operator::Lte => "lte",
            Operator::StartsWith => "starts_with",
            Operator::Contains => "contains",
            Operator::HasAny => "has_any",
            Operator::HasAll => "has_all",
            Operator::IsSet => "is_set",
            Operator::IsNotSet => "is_not_set",
        }
    }

    /// The operator of that name.
    pub fn from_name(name: &str) -> Option<Operator> {
        Operator::ALL
            .into_iter()
            .find(|operator| operator.as_str() == name)
    }

    /// Whether it takes a value to compare with.
    pub fn takes_value(self) -> bool {
        !matches!(self, Operator::IsSet | Operator::IsNotSet)
    }
}

impl Kind {
    /// The operators that go with it.
    pub fn operators(self) -> &'static [Operator] {
        use Operator::*;
        match self {
            Kind::Text => &[Eq, Ne, In, NotIn, StartsWith, Contains, IsSet, IsNotSet],
            Kind::Choice | Kind::Id => &[Eq, Ne, In, NotIn, IsSet, IsNotSet],
            Kind::Integer | Kind::Decimal | Kind::Date | Kind::Datetime => {
                &[Eq, Ne, In, NotIn, Gt, Gte, Lt, Lte, IsSet, IsNotSet]
            }
            Kind::Boolean => &[Eq, Ne, IsSet, IsNotSet],
            Kind::List => &[HasAny, HasAll, IsSet, IsNotSet],
            Kind::Money => &[Eq, Ne, Gt, Gte, Lt, Lte, IsSet, IsNotSet],
            Kind::Any => &[
                Eq, Ne, In, NotIn, Gt, Gte, Lt, Lte, StartsWith, Contains, IsSet, IsNotSet,
            ],
        }
    }

    /// Its name for people: `a text`.
    pub fn described(self) -> &'static str {
        match self {
            Kind::Text | Kind::Choice => "a text",
            Kind::Integer => "a whole number",
            Kind::Decimal => "a number",
            Kind::Boolean => "true or false",
            Kind::Date => {
                "a date such as \"2026-11-22\", or a relative one such as {\"ago\": \"14d\"}"
            }
            Kind::Datetime => {
                "a moment such as \"2026-11-22T09:30:00Z\", or a relative one such as {\"ago\": \"14d\"}"
            }
            Kind::List => "a list of texts",
            Kind::Money => "an amount such as {\"amount_minor\": 250000, \"currency\": \"EUR\"}",
            Kind::Id => "an id, a UUID",
            Kind::Any => "a text, a number, or true or false",
        }
    }
}

macro_rules! define_columns {
    ({ $($variant:ident: $name:literal, $kind:ident, $label:literal, $about:literal, $value:expr;)* } $($field:ident : $type:ty, $lead_kind:ident, {$($schema:tt)*}, $doc:literal;)*) => {
        /// A field that every lead has: one of the plain ones, or one that Baton keeps itself.
        #[allow(non_camel_case_types)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Column {
            $(#[doc = $doc] $field,)*
            $(#[doc = $about] $variant,)*
        }

        impl Column {
            /// Every one.
            pub const ALL: &[Column] = &[$(Column::$field,)* $(Column::$variant,)*];

            /// Those that Baton keeps itself: each with what people read for its name, and what it is.
            pub const KEPT: &[(Column, &str, &str)] = &[$((Column::$variant, $label, $about),)*];

            /// Its name in JSON and SQL.
            pub fn name(self) -> &'static str {
                match self { $(Column::$field => stringify!($field),)* $(Column::$variant => $name,)* }
            }

            /// What it holds.
            pub fn kind(self) -> Kind {
                match self {
                    $(Column::$field => match FieldKind::$lead_kind { FieldKind::Text => Kind::Text, FieldKind::Integer => Kind::Integer },)*
                    $(Column::$variant => Kind::$kind,)*
                }
            }

            /// Its value; `None` when it is missing.
            pub fn value(self, lead: &Lead) -> Option<Datum<'_>> {
                self.stored(lead).filter(|value| *value != Datum::Text(""))
            }

            /// Its value as it is stored, also an empty text.
            pub fn stored(self, lead: &Lead) -> Option<Datum<'_>> {
                match self {
                    $(Column::$field => lead.fields.$field.as_ref().map(Into::into),)*
                    $(Column::$variant => { let value: fn(&Lead) -> Option<Datum<'_>> = $value; value(lead) })*
                }
            }
        }
    };
}

for_each_lead_field!(define_columns! {
    Id: "id", Id, "Id", "A UUIDv7: ids sort by the time of creation.", |lead| Some(Datum::Id(lead.id));
    EmailDomain: "email_domain", Text, "E-mail domain", "The domain of the mail address.", |lead| lead.email_domain().map(Datum::Text);
    WebsiteDomain: "website_domain", Text, "Website domain", "Host of the web address, without `www.`.", |lead| lead.website_domain.as_deref().map(Datum::Text);
    Source: "source", Text, "Source", "Where the first submission came from.", |lead| lead.source.as_deref().map(Datum::Text);
    Channel: "channel", Text, "Channel", "The way the first submission took.", |lead| Some(Datum::Text(&lead.channel));
    Stage: "stage", Choice, "Stage", "Where it stands in the pipeline.", |lead| Some(Datum::Text(&lead.stage));
    StageKind: "stage_kind", Choice, "Kind of stage", "What that stage means.", |lead| Some(Datum::Text(lead.stage_kind.as_str()));
    StageChangedAt: "stage_changed_at", Datetime, "Stage changed at", "Since when it stands there.", |lead| Some(instant(lead.stage_changed_at));
    DisqualifyReason: "disqualify_reason", Text, "Disqualified because", "Why it was disqualified.", |lead| lead.disqualify_reason.as_deref().map(Datum::Text);
    RevisitAt: "revisit_at", Datetime, "Revisit at", "When a disqualified lead is worth another look.", |lead| lead.revisit_at.map(instant);
    OwnerId: "owner_id", Id, "Owner", "The user who is accountable for it.", |lead| lead.owner_id.map(Datum::Id);
    TeamId: "team_id", Id, "Team", "The team it belongs to.", |lead| lead.team_id.map(Datum::Id);
    Queue: "queue", Text, "Queue", "The queue it waits in while nobody owns it.", |lead| lead.queue.as_deref().map(Datum::Text);
    Verdict: "verdict", Choice, "Verdict", "What its qualification came to.", |lead| lead.verdict.map(|verdict| Datum::Text(verdict.as_str()));
    Fit: "fit", Integer, "Fit", "Points for who it is; in answers `score.fit`.", |lead| lead.score.map(|score| Datum::Integer(score.fit.into()));
    Grade: "grade", Choice, "Grade", "A letter for fit and a figure for engagement, `A1` the best; in answers `score.grade`.", |lead| lead.score.map(|score| Datum::Text(score.grade.as_str()));
    IsTest: "is_test", Boolean, "Test", "Made by tests only: kept out of lists and counts.", |lead| Some(Datum::Boolean(lead.is_test));
    CapturedAt: "captured_at", Datetime, "Captured at", "The sender's time of the first submission.", |lead| Some(instant(lead.captured_at));
    CreatedAt: "created_at", Datetime, "Created at", "Our time of the first submission.", |lead| Some(instant(lead.created_at));
    UpdatedAt: "updated_at", Datetime, "Updated at", "When it last changed.", |lead| Some(instant(lead.updated_at));
    LastActivityAt: "last_activity_at", Datetime, "Last activity at", "When something last happened with it.", |lead| Some(instant(lead.last_activity_at));
});

fn instant(at: DateTime<Utc>) -> Datum<'static> {
    Datum::Instant(at.timestamp_micros())
}

impl Column {
    /// The column of that name.
    pub fn from_name(name: &str) -> Option<Column> {
        Column::ALL
            .iter()
            .copied()
            .find(|column| column.name() == name)
    }

    /// Whether a lead may have no value in it.
    pub fn can_be_missing(self) -> bool {
        !matches!(
            self,
            Column::Id
                | Column::Channel
                | Column::Stage
                | Column::StageKind
                | Column::StageChangedAt
                | Column::IsTest
                | Column::CapturedAt
                | Column::CreatedAt
                | Column::UpdatedAt
                | Column::LastActivityAt
        )
    }
}
