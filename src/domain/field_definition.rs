//! Definitions of a workspace's own fields: what a value in `custom` may be.

use crate::domain::pattern::Pattern;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a field of a workspace holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// One line, at most 500 characters.
    Text,
    /// Several lines, at most 20,000 characters.
    LongText,
    /// A whole number, at most 9,007,199,254,740,991 either way.
    Integer,
    /// A number with a fraction: IEEE 754 double precision.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A calendar date, `2026-11-22`.
    Date,
    /// A moment, RFC 3339.
    Datetime,
    /// One of the options.
    SingleChoice,
    /// Some of the options.
    MultiChoice,
    /// A web address, at most 2,048 characters.
    Url,
    /// An amount in minor units with its currency: `{"amount_minor": 2500000, "currency": "EUR"}`.
    Money,
}

impl FieldType {
    /// Every type.
    pub const ALL: [FieldType; 11] = [
        FieldType::Text,
        FieldType::LongText,
        FieldType::Integer,
        FieldType::Decimal,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Datetime,
        FieldType::SingleChoice,
        FieldType::MultiChoice,
        FieldType::Url,
        FieldType::Money,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldType::Text => "text",
            FieldType::LongText => "long_text",
            FieldType::Integer => "integer",
            FieldType::Decimal => "decimal",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Datetime => "datetime",
            FieldType::SingleChoice => "single_choice",
            FieldType::MultiChoice => "multi_choice",
            FieldType::Url => "url",
            FieldType::Money => "money",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<FieldType> {
        FieldType::ALL
            .into_iter()
            .find(|field_type| field_type.as_str() == name)
    }

    /// It has options.
    pub fn is_choice(self) -> bool {
        matches!(self, FieldType::SingleChoice | FieldType::MultiChoice)
    }

    /// A pattern can be asked of it.
    pub fn takes_pattern(self) -> bool {
        matches!(self, FieldType::Text | FieldType::LongText | FieldType::Url)
    }

    /// Its values can be in the index of values: not long texts, which are too long for one.
    pub fn can_be_filterable(self) -> bool {
        self != FieldType::LongText
    }

    /// It has one value that can tell two leads apart.
    pub fn can_be_unique(self) -> bool {
        matches!(
            self,
            FieldType::Text
                | FieldType::Integer
                | FieldType::Decimal
                | FieldType::Date
                | FieldType::Datetime
                | FieldType::Url
        )
    }

    /// Whether every value of this type is, as it stands, a value of the other with the same meaning.
    pub fn widens_to(self, wider: FieldType) -> bool {
        use FieldType::*;
        matches!(
            (self, wider),
            (Text | Url | SingleChoice, LongText) | (SingleChoice, Text) | (Integer, Decimal)
        )
    }
}

/// A value that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldOption {
    /// What leads hold.
    #[schema(min_length = 1, max_length = 100, example = "enterprise")]
    pub value: String,
    /// What people read.
    #[schema(max_length = 200, example = "Enterprise")]
    pub label: String,
    /// No longer offered; leads that have it keep it.
    #[serde(default)]
    pub archived: bool,
}

/// Which leads, of those that were there before a definition last changed, have been gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// They are being gone through.
    Walking,
    /// All; those that changed around the moment of the change are gone through once more.
    Settling,
    /// All.
    Idle,
}

/// How far what is kept of a field's values has come: the index of values, and what makes a value unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexing {
    /// The index of values has those of every lead.
    pub index_ready: bool,
    /// No two leads share a value.
    pub unique_ready: bool,
    /// What is going on.
    pub walk: Walk,
    /// Leads gone through.
    pub walked: i64,
    /// Leads to go through; `None` before they were counted.
    pub total: Option<i64>,
}

impl Indexing {
    /// Nothing is left to do.
    pub const DONE: Indexing = Indexing {
        index_ready: true,
        unique_ready: true,
        walk: Walk::Idle,
        walked: 0,
        total: None,
    };
}

/// A field of a workspace: its values stand in `custom` under its key.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDefinition {
    /// The name in `custom`: a–z, 0–9 and `_`, at most 63; it never changes.
    pub key: String,
    /// Which field of the workspace, 1, 2, 3 …: the short name of `key` in the index of values.
    pub slot: i16,
    /// What people read.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it holds.
    pub field_type: FieldType,
    /// For the choices.
    pub options: Vec<FieldOption>,
    /// A lead made by hand has to have it, and it cannot be cleared.
    pub required: bool,
    /// No two leads have the same value.
    pub unique: bool,
    /// A unique value says who somebody is, where the workspace's identity order has `custom_field`.
    pub identifies: bool,
    /// What a new lead has where nothing was said.
    pub default: Option<serde_json::Value>,
    /// A regular expression that the whole of a text has to match.
    pub pattern: Option<Pattern>,
    /// Lists and searches can filter and sort by it: its values are in the index of values.
    pub filterable: bool,
    /// No longer in use; values stay as they are.
    pub archived: bool,
    /// How far the index of values has come.
    pub indexing: Indexing,
}

impl FieldDefinition {
    /// A field that asks nothing but the type.
    pub fn new(key: impl Into<String>, slot: i16, field_type: FieldType) -> Self {
        let key = key.into();
        FieldDefinition {
            label: key.clone(),
            key,
            slot,
            description: None,
            field_type,
            options: Vec::new(),
            required: false,
            unique: false,
            identifies: false,
            default: None,
            pattern: None,
            filterable: false,
            archived: false,
            indexing: Indexing::DONE,
        }
    }

    /// Its values go into the index of values.
    pub fn is_indexed(&self) -> bool {
        self.filterable && !self.archived
    }

    /// No two leads may share a value.
    pub fn is_exclusive(&self) -> bool {
        self.unique && !self.archived
    }

    /// Lists and searches can ask for it: the index of values has those of every lead.
    pub fn is_searchable(&self) -> bool {
        self.is_indexed() && self.indexing.index_ready
    }
}
