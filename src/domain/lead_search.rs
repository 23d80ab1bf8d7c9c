//! Searches: which leads, in which order, from where on.

use crate::domain::access::Visibility;
use crate::domain::condition::{Column, Condition, CustomField, Datum, Kind};
use crate::domain::field_definition::FieldType;
use crate::domain::field_value::index_form;
use crate::domain::lead::Lead;
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::search_text::SearchText;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many keys a search is sorted by at most.
pub const MAX_SORT_KEYS: usize = 5;

/// What a search is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortBy {
    /// A field that every lead has.
    Column(Column),
    /// One of the workspace's own.
    Custom(CustomField),
    /// How much the lead takes part: the order is the same at any moment.
    Engagement,
    /// Fit and engagement together, at the moment of the search.
    Score,
}

impl SortBy {
    /// What is no field, and its name.
    pub const SCORES: [(&str, SortBy); 2] =
        [("score", SortBy::Score), ("engagement", SortBy::Engagement)];
}

/// A key of an order. Leads without the value stand last in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// By what.
    pub by: SortBy,
    /// The greatest first.
    pub descending: bool,
}

/// A value that a lead is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyValue {
    Missing,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Time(DateTime<Utc>),
    Id(Uuid),
}

/// Where a page ended: the last lead on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// What it is sorted by, a value for each key.
    pub keys: Vec<KeyValue>,
    /// Its id.
    pub id: Uuid,
}

/// A page of leads that is looked for.
#[derive(Debug, Clone)]
pub struct LeadSearch {
    /// What has to hold.
    pub condition: Condition,
    /// What has to be in its text.
    pub text: Option<SearchText>,
    /// Deleted leads instead of those that are there.
    pub deleted: bool,
    /// Only tests, or only what is no test; `None`: both.
    pub is_test: Option<bool>,
    /// Which leads the caller may know of.
    pub visible: Visibility,
    /// In which order; equal leads in the order of their ids, in the direction of the last key. Newest first when empty.
    pub sort: Vec<SortKey>,
    /// After which lead; `None`: from the beginning.
    pub after: Option<After>,
    /// At most so many.
    pub limit: i64,
    /// The moment that relative times count from.
    pub now: DateTime<Utc>,
}

impl LeadSearch {
    /// Every lead, newest first.
    pub fn new(visible: Visibility, now: DateTime<Utc>) -> LeadSearch {
        LeadSearch {
            condition: Condition::default(),
            text: None,
            deleted: false,
            is_test: Some(false),
            visible,
            sort: Vec::new(),
            after: None,
            limit: 50,
            now,
        }
    }

    /// The keys that decide: what comes after the time of creation changes nothing, since no two leads share an id.
    pub fn deciding_keys(&self) -> &[SortKey] {
        let end = self.sort.iter().position(SortKey::is_id);
        &self.sort[..end.unwrap_or(self.sort.len())]
    }

    /// Whether it is sorted by the score or by fit, by engagement where that is the same, and by nothing else.
    pub fn is_by_score(&self) -> bool {
        match self.deciding_keys() {
            [one, other] => {
                let same_way = one.descending == other.descending;
                let by_fit = one.by == SortBy::Column(Column::Fit);
                let is_scored = by_fit || one.by == SortBy::Score;
                is_scored && other.by == SortBy::Engagement && same_way
            }
            _ => false,
        }
    }

    /// Whether equal leads stand in the opposite order of their ids.
    pub fn ids_descend(&self) -> bool {
        let decides = self.sort.iter().find(|key| key.is_id());
        decides
            .or(self.sort.last())
            .is_none_or(|key| key.descending)
    }

    /// Where a page ends that ends with this lead.
    pub fn after(&self, last: &Lead) -> After {
        After {
            keys: self
                .sort
                .iter()
                .map(|key| key.value(last, self.now))
                .collect(),
            id: last.id,
        }
    }

    /// Whether a page of this order can end there.
    pub fn fits(&self, after: &After) -> bool {
        after.keys.len() == self.sort.len()
            && after
                .keys
                .iter()
                .zip(&self.sort)
                .all(|(value, key)| key.fits(value))
    }
}

impl SortKey {
    /// Reads `company`, `-created_at` or `-custom.seats`.
    ///
    /// # Errors
    /// The code and what helps, when leads cannot be sorted by that.
    pub fn parse(text: &str, rules: &Rules) -> Result<SortKey, (&'static str, String)> {
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text, false), |name| (name, true));
        let score = || SortBy::SCORES.into_iter().find(|(score, _)| *score == name);
        let by = match name.strip_prefix("custom.") {
            Some(key) => SortBy::Custom(custom_key(key, rules)?),
            None => match (Column::from_name(name), score()) {
                (Some(Column::message) | None, None) => return Err(unknown(name)),
                (_, Some((_, score))) => score,
                (Some(column), None) => SortBy::Column(column),
            },
        };
        Ok(SortKey { by, descending })
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let before = if self.descending { "-" } else { "" };
        match &self.by {
            SortBy::Column(column) => format!("{before}{}", column.name()),
            SortBy::Custom(field) => format!("{before}custom.{}", field.key),
            SortBy::Engagement => format!("{before}engagement"),
            SortBy::Score => format!("{before}score"),
        }
    }

    /// A lead's id is a UUIDv7 of the moment it was made.
    pub fn is_id(&self) -> bool {
        matches!(self.by, SortBy::Column(Column::CreatedAt | Column::Id))
    }

    /// Whether a lead may have no value to sort by.
    pub fn can_be_missing(&self) -> bool {
        match &self.by {
            SortBy::Column(column) => column.can_be_missing(),
            SortBy::Custom(_) | SortBy::Engagement | SortBy::Score => true,
        }
    }

    /// What a lead is sorted by in a search of that moment.
    pub fn value(&self, lead: &Lead, now: DateTime<Utc>) -> KeyValue {
        match &self.by {
            SortBy::Column(Column::CreatedAt) => KeyValue::Time(lead.created_at),
            SortBy::Column(column) => match column.stored(lead) {
                None => KeyValue::Missing,
                Some(Datum::Text(text)) => KeyValue::Text(text.to_owned()),
                Some(Datum::Integer(number)) => KeyValue::Integer(number),
                Some(Datum::Boolean(yes)) => KeyValue::Boolean(yes),
                Some(Datum::Instant(micros)) => {
                    KeyValue::Time(DateTime::from_timestamp_micros(micros).unwrap_or_default())
                }
                Some(Datum::Id(id)) => KeyValue::Id(id),
                Some(Datum::Decimal(_) | Datum::Other) => KeyValue::Missing,
            },
            SortBy::Custom(field) => lead
                .custom
                .get(&field.key)
                .and_then(|value| index_form(field.field_type, value).pop())
                .map_or(KeyValue::Missing, KeyValue::Text),
            SortBy::Engagement => lead.score.map_or(KeyValue::Missing, |score| {
                KeyValue::Integer(score.engagement_order)
            }),
            SortBy::Score => lead.score.map_or(KeyValue::Missing, |score| {
                KeyValue::Integer(millionths(score.total_at(now)))
            }),
        }
    }

    /// Whether a lead can have this value in it.
    fn fits(&self, value: &KeyValue) -> bool {
        let kind = match &self.by {
            SortBy::Column(column) => column.kind(),
            SortBy::Custom(_) => Kind::Text,
            SortBy::Engagement | SortBy::Score => Kind::Integer,
        };
        match (value, kind) {
            (KeyValue::Missing, _) => self.can_be_missing(),
            (KeyValue::Text(_), Kind::Text | Kind::Choice)
            | (KeyValue::Integer(_), Kind::Integer)
            | (KeyValue::Boolean(_), Kind::Boolean)
            | (KeyValue::Time(_), Kind::Datetime)
            | (KeyValue::Id(_), Kind::Id) => true,
            _ => false,
        }
    }
}

/// Points in millionths, as scores are compared.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a few thousand points at most"
)]
fn millionths(points: f64) -> i64 {
    (points * 1e6).round() as i64
}

/// The keys as they are sorted by: leads whose score is the same but for millionths, or whose fit is the same where nothing else
/// is asked for, are in the order of their engagement, which an index has.
pub fn exact(keys: Vec<SortKey>) -> Vec<SortKey> {
    let asked: Vec<SortBy> = keys.iter().map(|key| key.by.clone()).collect();
    let mut exact = Vec::with_capacity(keys.len() + 1);
    for (place, key) in keys.into_iter().enumerate() {
        let descending = key.descending;
        let is_last = place + 1 == asked.len();
        let by_fit = key.by == SortBy::Column(Column::Fit) && is_last;
        let is_scored = key.by == SortBy::Score || by_fit;
        let follows = is_scored && !asked.contains(&SortBy::Engagement);
        exact.push(key);
        exact.extend(follows.then_some(SortKey {
            by: SortBy::Engagement,
            descending,
        }));
    }
    exact
}

fn unknown(name: &str) -> (&'static str, String) {
    let hint = did_you_mean(name, Column::ALL.iter().map(|column| column.name()));
    (
        "unknown_sort",
        format!(
            "leads cannot be sorted by `{}`{hint} They can by `created_at`, `updated_at`, `last_name`, `score`, `engagement` and other single values, with `-` before it for the greatest first.",
            shown_name(name)
        ),
    )
}

fn custom_key(key: &str, rules: &Rules) -> Result<CustomField, (&'static str, String)> {
    let Some(definition) = rules.field(key) else {
        let hint = did_you_mean(key, rules.fields.iter().map(|field| field.key.as_str()));
        let detail = format!("the workspace has no field `{}`{hint}", shown_name(key));
        return Err(("unknown_sort", detail));
    };
    if definition.archived {
        return Err((
            "archived_field",
            "this field is archived: bring it back, or sort by another".to_owned(),
        ));
    }
    if definition.field_type == FieldType::MultiChoice {
        return Err((
            "unknown_sort",
            "a choice of many has no single value to sort by".to_owned(),
        ));
    }
    if !definition.filterable {
        return Err((
            "not_filterable",
            "lists and searches cannot sort by this field: make it `filterable` in its definition"
                .to_owned(),
        ));
    }
    if !definition.is_searchable() {
        return Err((
            "index_building",
            "the values that leads have in this field are still being indexed: try again soon"
                .to_owned(),
        ));
    }
    Ok(CustomField::from(definition))
}
