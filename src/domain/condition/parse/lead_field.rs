//! Reading which field of a lead a condition looks at, and how values for it are written.

use super::Parser;
use crate::domain::condition::column::Column;
use crate::domain::condition::field::{AttributionKey, CustomField, Field, Touch};
use crate::domain::condition::reading::{Options, Reading, Spelling};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::stage::StageKind;
use serde_json::{Map, Value};

impl<'r> Parser<'r> {
    pub(super) fn lead_field(&mut self, object: &Map<String, Value>, at: &str) -> Option<Field> {
        let name = self.name(object, at)?;
        let place = format!("{at}/field");
        if let Some(key) = name.strip_prefix("custom.") {
            return self.custom_field(key, place);
        }
        let found = lead_field(name);
        if found.is_none() {
            let known = lead_field_names();
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            self.wrong(
                place,
                "unknown_field",
                format!(
                    "leads have no field `{}`{hint} Those of the workspace itself are `custom.<key>`; GET /v1/schema has them all.",
                    shown_name(name)
                ),
            );
        }
        found
    }

    fn custom_field(&mut self, key: &str, place: String) -> Option<Field> {
        let Some(definition) = self.rules.field(key) else {
            let hint = did_you_mean(
                key,
                self.rules.fields.iter().map(|field| field.key.as_str()),
            );
            self.wrong(
                place,
                "unknown_field",
                format!(
                    "the workspace has no field `{}`{hint} Define it first: POST /v1/field-definitions.",
                    shown_name(key)
                ),
            );
            return None;
        };
        if definition.archived {
            self.wrong(
                place,
                "archived_field",
                "this field is archived: bring it back, or leave it out of the condition",
            );
            return None;
        }
        if self.for_search && !definition.filterable {
            self.wrong(
                place,
                "not_filterable",
                "lists and searches cannot filter by this field: make it `filterable` in its definition",
            );
            return None;
        }
        if self.for_search && !definition.is_searchable() {
            self.wrong(
                place,
                "index_building",
                "the values that leads have in this field are still being indexed: try again soon",
            );
            return None;
        }
        Some(Field::Custom(CustomField::from(definition)))
    }

    /// How values for the field are read.
    pub(super) fn reading(&self, field: &Field) -> Reading<'r> {
        let of = |spelling| Reading {
            spelling,
            options: Options::Free,
            default_country: self.rules.default_country.as_deref(),
            zone: self.rules.zone(),
        };
        let chosen = |options: Vec<&'r str>| Reading {
            options: Options::Of(options),
            ..of(Spelling::Line)
        };
        match field {
            Field::Column(Column::Stage) => chosen(
                self.rules
                    .pipeline
                    .stages
                    .iter()
                    .map(|stage| stage.key.as_str())
                    .collect(),
            ),
            Field::Column(Column::StageKind) => {
                chosen(StageKind::ALL.into_iter().map(StageKind::as_str).collect())
            }
            Field::Column(column) => of(Spelling::of(*column)),
            Field::Attribution(..) | Field::Tags => of(Spelling::Line),
            Field::Custom(custom) => match self.rules.field(&custom.key) {
                Some(definition) if !definition.options.is_empty() => chosen(
                    definition
                        .options
                        .iter()
                        .map(|option| option.value.as_str())
                        .collect(),
                ),
                _ => of(Spelling::Lines),
            },
        }
    }
}

/// A field of leads that is not the workspace's own.
fn lead_field(name: &str) -> Option<Field> {
    if name == "tags" {
        return Some(Field::Tags);
    }
    let attribution = [
        ("attribution.first.", Touch::First),
        ("attribution.last.", Touch::Last),
    ];
    for (prefix, touch) in attribution {
        if let Some(key) = name.strip_prefix(prefix) {
            return AttributionKey::from_name(key).map(|key| Field::Attribution(touch, key));
        }
    }
    Column::from_name(name).map(Field::Column)
}

fn lead_field_names() -> Vec<String> {
    let columns = Column::ALL.iter().map(|column| column.name().to_owned());
    let attribution = AttributionKey::ALL.iter().flat_map(|key| {
        ["first", "last"].map(|touch| format!("attribution.{touch}.{}", key.name()))
    });
    columns
        .chain(["tags".to_owned()])
        .chain(attribution)
        .collect()
}
