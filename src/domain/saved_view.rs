//! Saved views: a list of leads that somebody wants to see again, with its columns and its order.
//!
//! A view is checked when it is saved. What it names may go away later: then it says so, instead of showing something else.

use crate::domain::condition::{AttributionKey, Column, Condition};
use crate::domain::event::Actor;
use crate::domain::lead_search::SortKey;
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rule_text::texts_with_nul;
use crate::domain::rules::Rules;
use crate::domain::search_text::{SearchText, SearchTextError};
use crate::error::FieldError;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// Most views that one owner has.
pub const MAX_VIEWS: i64 = 500;

/// What a view shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ViewContent {
    /// For people.
    pub name: String,
    /// Which leads; `None`: all.
    pub condition: Option<Value>,
    /// What has to be in their text.
    pub q: Option<String>,
    /// Which fields, in order; the front end's own choice when empty.
    pub columns: Vec<String>,
    /// In which order; newest first when empty.
    pub sort: Vec<String>,
    /// Everybody in the workspace sees it.
    pub is_shared: bool,
}

/// A saved view.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedView {
    /// A UUIDv7 of `created_at`.
    pub id: Uuid,
    /// Whose it is.
    pub owner: Actor,
    /// What it shows.
    pub content: ViewContent,
    /// Counts every change, from 1; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl SavedView {
    /// Whether somebody may know of it: their own, and those that are shared.
    pub fn is_for(&self, actor: &Actor) -> bool {
        self.content.is_shared || self.owner == *actor
    }
}

/// What of a view is to be searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewSearch {
    /// What has to hold.
    pub condition: Condition,
    /// What has to be in the text.
    pub text: Option<SearchText>,
    /// In which order.
    pub sort: Vec<SortKey>,
}

impl ViewContent {
    /// Reads it against the workspace's rules of today.
    ///
    /// # Errors
    /// Everything that is wrong with it, by its JSON pointer.
    pub fn read(&self, rules: &Rules) -> Result<ViewSearch, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.name.is_empty() {
            let detail = "a view has a name";
            errors.push(FieldError::new("/name", "empty_name", detail));
        }
        let condition = match &self.condition {
            Some(condition) => Condition::parse_for_search(condition, rules, "/condition"),
            None => Ok(Condition::default()),
        };
        let condition = condition.unwrap_or_else(|wrong| {
            errors.extend(wrong);
            Condition::default()
        });
        let text = match self.q.as_deref().map(SearchText::parse).transpose() {
            Ok(text) => text,
            Err(error) => {
                errors.push(wrong_text(error));
                None
            }
        };
        errors.extend(
            self.condition
                .iter()
                .flat_map(|one| texts_with_nul(one, "/condition")),
        );
        errors.extend(wrong_columns(&self.columns, rules));
        let mut sort = Vec::new();
        for (index, key) in self.sort.iter().enumerate() {
            match SortKey::parse(key, rules) {
                Ok(key) => sort.push(key),
                Err((code, detail)) => {
                    errors.push(FieldError::new(format!("/sort/{index}"), code, detail));
                }
            }
        }
        if errors.is_empty() {
            Ok(ViewSearch {
                condition,
                text,
                sort,
            })
        } else {
            Err(errors)
        }
    }

    /// What is wrong with it by the workspace's rules of today; empty when nothing is.
    pub fn problems(&self, rules: &Rules) -> Vec<FieldError> {
        self.read(rules).err().unwrap_or_default()
    }
}

fn wrong_text(error: SearchTextError) -> FieldError {
    FieldError::new("/q", error.code(), error.remedy())
}

fn wrong_columns(columns: &[String], rules: &Rules) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, name) in columns.iter().enumerate() {
        let mut wrong = |code, detail: String| {
            errors.push(FieldError::new(format!("/columns/{index}"), code, detail));
        };
        if columns[..index].contains(name) {
            wrong("repeated", "each column once".to_owned());
        } else if let Some(key) = name.strip_prefix("custom.") {
            match rules.field(key) {
                Some(field) if !field.archived => {}
                Some(_) => wrong(
                    "archived_field",
                    "this field is archived: bring it back, or leave the column out".to_owned(),
                ),
                None => {
                    let keys = rules.fields.iter().map(|field| field.key.as_str());
                    let hint = did_you_mean(key, keys);
                    wrong(
                        "unknown_field",
                        format!("the workspace has no field `{}`{hint}", shown_name(key)),
                    );
                }
            }
        } else if !is_column(name) {
            let known = Column::ALL.iter().map(|column| column.name());
            let hint = did_you_mean(name, known.chain(["tags"]));
            wrong(
                "unknown_field",
                format!("leads have no field `{}`{hint}", shown_name(name)),
            );
        }
    }
    errors
}

/// Whether every lead has a field of that name.
fn is_column(name: &str) -> bool {
    let attribution = ["attribution.first.", "attribution.last."];
    name == "tags"
        || Column::from_name(name).is_some()
        || attribution
            .iter()
            .filter_map(|touch| name.strip_prefix(touch))
            .any(|key| AttributionKey::from_name(key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(content: &ViewContent) -> Vec<(String, &'static str)> {
        content
            .problems(&Rules::default())
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn everything_wrong_with_a_view_is_told_at_its_place() {
        let content = ViewContent {
            name: "Mine".into(),
            condition: Some(
                json!({"all": [{"field": "city", "op": "is_set"}, {"field": "citty", "op": "is_set"}]}),
            ),
            q: Some("ab".into()),
            columns: texts(&[
                "email",
                "emial",
                "custom.plan",
                "email",
                "attribution.first.utm_source",
                "attribution.first.x",
            ]),
            sort: texts(&["-created_at", "shoe_size"]),
            is_shared: false,
        };
        assert_eq!(
            places(&content),
            [
                ("/condition/all/1/field".to_owned(), "unknown_field"),
                ("/q".to_owned(), "word_too_short"),
                ("/columns/1".to_owned(), "unknown_field"),
                ("/columns/2".to_owned(), "unknown_field"),
                ("/columns/3".to_owned(), "repeated"),
                ("/columns/5".to_owned(), "unknown_field"),
                ("/sort/1".to_owned(), "unknown_sort"),
            ]
        );
    }

    #[test]
    fn a_view_has_a_name() {
        assert_eq!(
            places(&ViewContent::default()),
            [("/name".to_owned(), "empty_name")]
        );
    }

    #[test]
    fn a_view_of_everything_has_nothing_wrong() {
        let everything = ViewContent {
            name: "All".into(),
            ..ViewContent::default()
        };
        assert_eq!(places(&everything), []);
        let read = everything.read(&Rules::default()).unwrap();
        assert_eq!(
            (read.condition, read.text, read.sort),
            (Condition::default(), None, Vec::new())
        );
    }
}
