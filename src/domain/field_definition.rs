//! Definitions of a workspace's own fields: what a value in `custom` may be.

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
    /// What a new lead has where nothing was said.
    pub default: Option<serde_json::Value>,
    /// A regular expression that the whole of a text has to match.
    pub pattern: Option<String>,
    /// Lists and searches can filter and sort by it: its values are in the index of values.
    pub filterable: bool,
    /// No longer in use; values stay as they are.
    pub archived: bool,
}
