//! Reading what is asked of the activities of a lead.

use super::{ACTIVITY_KEYS, FIELD_KEYS, Parser, WHERE_KEYS};
use crate::domain::condition::Node;
use crate::domain::condition::activity::{ActivityCheck, ActivityField, ActivityTest, Count};
use crate::domain::condition::field::AttributionKey;
use crate::domain::condition::reading::{Options, Reading, SPANS, Spelling};
use crate::domain::condition::time::Span;
use crate::domain::nearest::did_you_mean;
use serde_json::{Map, Value};

impl Parser<'_> {
    pub(super) fn activity(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Option<ActivityTest> {
        self.only(object, ACTIVITY_KEYS, at);
        let types = self.activity_types(&object["activity"], &format!("{at}/activity"));
        let filter = self.activity_filter(object.get("where"), at, depth + 1);
        let count = match object.get("count") {
            None => Some(Count::default()),
            Some(count) => self.count(count, &format!("{at}/count")),
        };
        let within = match object.get("within") {
            None => Some(None),
            Some(within) => self.within(within, format!("{at}/within")).map(Some),
        };
        Some(ActivityTest {
            types: types?,
            filter: filter?,
            count: count?,
            within: within?,
        })
    }

    /// What stands under `where`; everything is meant where nothing does.
    pub(super) fn activity_filter(
        &mut self,
        filter: Option<&Value>,
        at: &str,
        depth: usize,
    ) -> Option<Node<ActivityCheck>> {
        match filter {
            None => Some(Node::All(Vec::new())),
            Some(filter) => self.node(
                filter,
                &format!("{at}/where"),
                depth,
                WHERE_KEYS,
                Parser::activity_check,
            ),
        }
    }

    pub(super) fn activity_types(&mut self, value: &Value, place: &str) -> Option<Vec<String>> {
        let reading = Reading::of_text(Spelling::Line);
        if value.is_string() {
            return Some(vec![self.noted(place.to_owned(), reading.text(value))?]);
        }
        if !value.is_array() {
            self.wrong(
                place,
                "wrong_type",
                "must be a type of activity, or a list of them",
            );
            return None;
        }
        self.list(value, place)?
            .into_iter()
            .map(|(place, value)| self.noted(place, reading.text(value)))
            .collect::<Vec<_>>()
            .into_iter()
            .collect()
    }

    fn activity_check(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        _depth: usize,
    ) -> Option<ActivityCheck> {
        self.only(object, FIELD_KEYS, at);
        let field = self.activity_field(object, at);
        let reading = Reading {
            zone: self.rules.zone(),
            options: match field {
                Some(ActivityField::Direction) => Options::Of(vec!["inbound", "outbound"]),
                _ => Options::Free,
            },
            ..Reading::of_text(Spelling::Line)
        };
        let test = self.test(
            object,
            at,
            field.as_ref().map(ActivityField::kind),
            &reading,
        );
        Some(ActivityCheck {
            field: field?,
            test: test?,
        })
    }

    fn activity_field(&mut self, object: &Map<String, Value>, at: &str) -> Option<ActivityField> {
        let name = self.name(object, at)?;
        let found = activity_field(name);
        if found.is_none() {
            let known = ActivityField::NAMED.map(|(name, _)| name);
            let hint = did_you_mean(name, known.into_iter());
            self.wrong(
                format!("{at}/field"),
                "unknown_field",
                format!(
                    "activities have `{}`, `attribution.<key>` and `properties.<name>`, names within it parted by dots{hint}",
                    known.join("`, `")
                ),
            );
        }
        found
    }

    fn count(&mut self, value: &Value, place: &str) -> Option<Count> {
        let Value::Object(bounds) = value else {
            self.wrong(
                place,
                "wrong_type",
                "must be an object such as {\"gte\": 2}, with `eq`, `gt`, `gte`, `lt` and `lte`",
            );
            return None;
        };
        const KEYS: &[&str] = &["eq", "gt", "gte", "lt", "lte"];
        self.only(bounds, KEYS, place);
        let mut count = Count { min: 0, max: None };
        let mut is_right = true;
        for (name, bound) in bounds
            .iter()
            .filter(|(name, _)| KEYS.contains(&name.as_str()))
        {
            let number = bound
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| *number <= 1_000_000);
            let Some(number) = number else {
                self.wrong(
                    format!("{place}/{name}"),
                    "wrong_type",
                    "must be a whole number from 0 to 1000000",
                );
                is_right = false;
                continue;
            };
            let at_most = |most: u32| Some(count.max.map_or(most, |max| max.min(most)));
            match name.as_str() {
                "eq" => {
                    count = Count {
                        min: count.min.max(number),
                        max: at_most(number),
                    }
                }
                "gt" => count.min = count.min.max(number + 1),
                "gte" => count.min = count.min.max(number),
                "lte" => count.max = at_most(number),
                _ if number == 0 => {
                    self.wrong(
                        format!("{place}/{name}"),
                        "out_of_range",
                        "nothing is less than 0: use {\"eq\": 0} for none",
                    );
                    is_right = false;
                }
                _ => count.max = at_most(number - 1),
            }
        }
        if bounds.is_empty() {
            self.wrong(
                place,
                "required",
                "one of `eq`, `gt`, `gte`, `lt` and `lte`",
            );
            return None;
        }
        is_right.then_some(count)
    }

    fn within(&mut self, value: &Value, place: String) -> Option<Span> {
        let span = value
            .as_str()
            .and_then(|text| Span::parse(text, self.rules.zone()));
        if span.is_none() {
            self.wrong(place, "invalid_format", SPANS);
        }
        span
    }
}

fn activity_field(name: &str) -> Option<ActivityField> {
    if let Some(key) = name.strip_prefix("attribution.") {
        return AttributionKey::from_name(key).map(ActivityField::Attribution);
    }
    if let Some(path) = name.strip_prefix("properties.") {
        // A number would be a place in a list to the database.
        let is_name = |part: &&str| {
            !part.is_empty()
                && !part.contains('\0')
                && !part
                    .trim()
                    .trim_start_matches(['-', '+'])
                    .bytes()
                    .all(|b| b.is_ascii_digit())
        };
        let parts: Vec<&str> = path.split('.').collect();
        let is_right = parts.len() <= 8 && path.len() <= 200 && parts.iter().all(is_name);
        return is_right
            .then(|| ActivityField::Property(parts.into_iter().map(str::to_owned).collect()));
    }
    ActivityField::NAMED
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, field)| field)
}
