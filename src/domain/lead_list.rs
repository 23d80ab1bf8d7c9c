//! Lists of leads: what to keep, in which order, from where on.

use crate::domain::lead::Lead;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which leads a list keeps. Everything given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFilter {
    /// Deleted leads instead of those that are there.
    pub deleted: bool,
    /// Only tests, or only what is no test; `None`: both.
    pub is_test: Option<bool>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub country: Option<String>,
    pub industry: Option<String>,
    pub language: Option<String>,
    pub source: Option<String>,
    pub channel: Option<String>,
    pub stage: Option<String>,
    /// At or after.
    pub created_after: Option<DateTime<Utc>>,
    /// Before.
    pub created_before: Option<DateTime<Utc>>,
    /// At or after.
    pub updated_after: Option<DateTime<Utc>>,
    /// Before.
    pub updated_before: Option<DateTime<Utc>>,
}

/// A field that lists can be sorted by: each has an index that ends with the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortField {
    /// When the lead was made.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Mail address.
    Email,
    /// Family name.
    LastName,
    /// Company.
    Company,
}

impl SortField {
    /// Every field that lists can be sorted by.
    pub const ALL: [SortField; 5] = [
        SortField::CreatedAt,
        SortField::UpdatedAt,
        SortField::Email,
        SortField::LastName,
        SortField::Company,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            SortField::CreatedAt => "created_at",
            SortField::UpdatedAt => "updated_at",
            SortField::Email => "email",
            SortField::LastName => "last_name",
            SortField::Company => "company",
        }
    }
}

/// An order. Leads without a value stand last in both directions; equal values are in the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadSort {
    /// By what.
    pub field: SortField,
    /// The greatest first.
    pub descending: bool,
}

impl LeadSort {
    /// Reads `created_at` or `-created_at`.
    pub fn parse(text: &str) -> Option<LeadSort> {
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text, false), |name| (name, true));
        let field = SortField::ALL
            .into_iter()
            .find(|field| field.as_str() == name)?;
        Some(LeadSort { field, descending })
    }

    /// Whether a lead may have no value to sort by.
    pub fn can_be_missing(self) -> bool {
        !matches!(self.field, SortField::CreatedAt | SortField::UpdatedAt)
    }

    /// Whether a lead in this order can have this key.
    pub fn fits(self, key: &SortKey) -> bool {
        self.can_be_missing() != matches!(key, SortKey::Time(_))
    }

    /// What a lead is sorted by.
    pub fn key(self, lead: &Lead) -> SortKey {
        let text = |value: &Option<String>| value.clone().map_or(SortKey::Missing, SortKey::Text);
        match self.field {
            SortField::CreatedAt => SortKey::Time(lead.created_at),
            SortField::UpdatedAt => SortKey::Time(lead.updated_at),
            SortField::Email => text(&lead.fields.email),
            SortField::LastName => text(&lead.fields.last_name),
            SortField::Company => text(&lead.fields.company),
        }
    }
}

/// The value a lead is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// A moment.
    Time(DateTime<Utc>),
    /// A text.
    Text(String),
    /// The lead has no value.
    Missing,
}

/// Where a page ended: the last lead on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// What it is sorted by.
    pub key: SortKey,
    /// Its id.
    pub id: Uuid,
}

/// A page of a list of leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadList {
    /// Which leads.
    pub filter: LeadFilter,
    /// In which order.
    pub sort: LeadSort,
    /// After which lead; `None`: from the beginning.
    pub after: Option<Bound>,
    /// At most so many.
    pub limit: i64,
}
