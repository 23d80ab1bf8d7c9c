//! Reading conditions: everything that is wrong is reported, with the place.

use super::activity::{ActivityCheck, ActivityField, ActivityPattern, ActivityTest, Count};
use super::column::{Column, Kind, Operator};
use super::comparison::{Comparison, Order, Test};
use super::field::{AttributionKey, CustomField, Field, Touch};
use super::reading::{Options, Reading, Spelling};
use super::time::Span;
use super::{Condition, LeadCheck, MAX_DEPTH, MAX_NODES, MAX_VALUES, Node};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::domain::stage::StageKind;
use crate::error::FieldError;
use serde_json::{Map, Value};

/// More mistakes are not reported at once.
const MAX_ERRORS: usize = 100;

pub(super) fn parse(
    value: &Value,
    rules: &Rules,
    pointer: &str,
) -> Result<Condition, Vec<FieldError>> {
    Parser::new(rules, false).run(value, pointer)
}

pub(super) fn parse_for_search(
    value: &Value,
    rules: &Rules,
    pointer: &str,
) -> Result<Condition, Vec<FieldError>> {
    Parser::new(rules, true).run(value, pointer)
}

pub(super) fn parse_pattern(
    types: &[String],
    filter: Option<&Value>,
    rules: &Rules,
    pointer: &str,
) -> Result<ActivityPattern, Vec<FieldError>> {
    let mut parser = Parser::new(rules, false);
    let types = parser.activity_types(&types.into(), &format!("{pointer}/types"));
    let filter = parser.activity_filter(filter, pointer, 1);
    match (types, filter) {
        (Some(types), Some(filter)) if parser.errors.is_empty() => {
            Ok(ActivityPattern { types, filter })
        }
        _ => Err(parser.errors),
    }
}

struct Parser<'r> {
    rules: &'r Rules,
    for_search: bool,
    nodes: usize,
    errors: Vec<FieldError>,
}

/// Reads what is no `all`, `any` or `not`.
type ReadCheck<'r, C> = fn(&mut Parser<'r>, &Map<String, Value>, &str, usize) -> Option<C>;

impl<'r> Parser<'r> {
    fn new(rules: &'r Rules, for_search: bool) -> Self {
        Parser {
            rules,
            for_search,
            nodes: 0,
            errors: Vec::new(),
        }
    }

    fn run(mut self, value: &Value, pointer: &str) -> Result<Condition, Vec<FieldError>> {
        let root = self.node(value, pointer, 1, LEAD_KEYS, Parser::lead_check);
        match root {
            Some(root) if self.errors.is_empty() => Ok(Condition { root }),
            _ => Err(self.errors),
        }
    }

    fn wrong(&mut self, at: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError::new(at, code, detail));
        }
    }

    fn node<C>(
        &mut self,
        value: &Value,
        at: &str,
        depth: usize,
        keys: &[&str],
        check: ReadCheck<'r, C>,
    ) -> Option<Node<C>> {
        self.nodes += 1;
        if self.nodes == MAX_NODES + 1 {
            self.wrong(
                at,
                "too_many",
                format!("a condition has at most {MAX_NODES} parts"),
            );
        }
        if depth > MAX_DEPTH {
            self.wrong(
                at,
                "too_deep",
                format!("conditions are at most {MAX_DEPTH} deep within each other"),
            );
            return None;
        }
        if self.nodes > MAX_NODES {
            return None;
        }
        let listed = keys.join("`, `");
        let Value::Object(object) = value else {
            self.wrong(
                at,
                "wrong_type",
                format!("a condition is an object with one of `{listed}`"),
            );
            return None;
        };
        let mut given = keys.iter().filter(|key| object.contains_key(**key));
        let Some(first) = given.next() else {
            let hint = object
                .keys()
                .map(|name| did_you_mean(name, keys.iter().copied()))
                .find(|hint| !hint.is_empty())
                .unwrap_or_default();
            self.wrong(
                at,
                "required",
                format!("a condition has one of `{listed}`{hint}"),
            );
            return None;
        };
        if let Some(second) = given.next() {
            self.wrong(
                at,
                "ambiguous",
                format!("`{first}` and `{second}` cannot stand together: put both into an `all`"),
            );
            return None;
        }
        let inner = &object[*first];
        let below = format!("{at}/{first}");
        match *first {
            "all" | "any" => {
                self.only(object, &[first], at);
                let Value::Array(items) = inner else {
                    self.wrong(below, "wrong_type", "must be a list of conditions");
                    return None;
                };
                // All are read, for all that is wrong with them, before one that is missing counts.
                let parts: Vec<Option<Node<C>>> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        self.node(item, &format!("{below}/{index}"), depth + 1, keys, check)
                    })
                    .collect();
                let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
                Some(if *first == "all" {
                    Node::All(parts)
                } else {
                    Node::Any(parts)
                })
            }
            "not" => {
                self.only(object, &[first], at);
                let part = self.node(inner, &below, depth + 1, keys, check)?;
                Some(Node::Not(Box::new(part)))
            }
            _ => Some(Node::Check(check(self, object, at, depth)?)),
        }
    }

    /// Notes keys that do not belong.
    fn only(&mut self, object: &Map<String, Value>, known: &[&str], at: &str) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let hint = did_you_mean(name, known.iter().copied());
            self.wrong(
                format!("{at}/{}", escaped(name)),
                "unknown_key",
                format!("`{}` does not belong here{hint}", shown_name(name)),
            );
        }
    }

    fn lead_check(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Option<LeadCheck> {
        if object.contains_key("activity") {
            return self.activity(object, at, depth).map(LeadCheck::Activity);
        }
        self.only(object, FIELD_KEYS, at);
        let field = self.lead_field(object, at);
        let (kind, reading) = match &field {
            Some(field) => (Some(field.kind()), self.reading(field)),
            None => (None, Reading::of_text(Spelling::Line)),
        };
        let test = self.test(object, at, kind, &reading);
        Some(LeadCheck::Field(field?, test?))
    }

    /// The name under `field`.
    fn name<'v>(&mut self, object: &'v Map<String, Value>, at: &str) -> Option<&'v str> {
        let name = object["field"].as_str();
        if name.is_none() {
            self.wrong(
                format!("{at}/field"),
                "wrong_type",
                "must be the name of a field",
            );
        }
        name
    }

    fn lead_field(&mut self, object: &Map<String, Value>, at: &str) -> Option<Field> {
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
    fn reading(&self, field: &Field) -> Reading<'r> {
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

    /// The operator and its value. With an unknown kind of field, only what is wrong in any case is noted.
    fn test(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        kind: Option<Kind>,
        reading: &Reading,
    ) -> Option<Test> {
        let operator = self.operator(object, at, kind)?;
        let (kind, place) = (kind?, format!("{at}/value"));
        if !operator.takes_value() {
            if object.contains_key("value") {
                self.wrong(
                    place,
                    "unexpected_value",
                    format!("`{}` takes no value: leave it out", operator.as_str()),
                );
                return None;
            }
            return Some(Test {
                negated: operator == Operator::IsNotSet,
                comparison: Comparison::IsSet,
            });
        }
        let value = match object.get("value") {
            None => {
                self.wrong(
                    place,
                    "required",
                    format!("`{}` needs a value", operator.as_str()),
                );
                return None;
            }
            Some(Value::Null) => {
                self.wrong(
                    place,
                    "wrong_type",
                    "null cannot be compared with: use `is_set` or `is_not_set`",
                );
                return None;
            }
            Some(value) => value,
        };
        let negated = matches!(operator, Operator::Ne | Operator::NotIn);
        let comparison = match operator {
            Operator::Eq | Operator::Ne => {
                Comparison::Equals(self.noted(place, reading.operand(kind, value))?)
            }
            Operator::In | Operator::NotIn => Comparison::OneOf(
                self.list(value, &place)?
                    .into_iter()
                    .map(|(place, value)| self.noted(place, reading.operand(kind, value)))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect::<Option<_>>()?,
            ),
            Operator::HasAny | Operator::HasAll => {
                let texts = self
                    .list(value, &place)?
                    .into_iter()
                    .map(|(place, value)| self.noted(place, reading.text(value)))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect::<Option<_>>()?;
                if operator == Operator::HasAny {
                    Comparison::HasAny(texts)
                } else {
                    Comparison::HasAll(texts)
                }
            }
            Operator::StartsWith => {
                Comparison::StartsWith(self.noted(place, reading.part_of_text(value))?)
            }
            Operator::Contains => {
                Comparison::Contains(self.noted(place, reading.part_of_text(value))?)
            }
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                let order = match operator {
                    Operator::Gt => Order::Greater,
                    Operator::Gte => Order::GreaterOrEqual,
                    Operator::Lt => Order::Less,
                    _ => Order::LessOrEqual,
                };
                Comparison::Order(order, self.noted(place, reading.operand(kind, value))?)
            }
            Operator::IsSet | Operator::IsNotSet => Comparison::IsSet,
        };
        Some(Test {
            negated,
            comparison,
        })
    }

    fn operator(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        kind: Option<Kind>,
    ) -> Option<Operator> {
        let place = format!("{at}/op");
        let operators = kind.map_or(&Operator::ALL[..], Kind::operators);
        let names: Vec<&str> = operators.iter().map(|known| known.as_str()).collect();
        let listed = names.join("`, `");
        let Some(given) = object.get("op") else {
            self.wrong(place, "required", format!("one of `{listed}`"));
            return None;
        };
        let known = given.as_str().and_then(Operator::from_name);
        match known {
            Some(operator) if operators.contains(&operator) => Some(operator),
            Some(_) => {
                self.wrong(
                    place,
                    "unknown_operator",
                    format!("does not go with this field; those that do: `{listed}`"),
                );
                None
            }
            None => {
                let hint = did_you_mean(given.as_str().unwrap_or_default(), names.into_iter());
                self.wrong(
                    place,
                    "unknown_operator",
                    format!("must be one of `{listed}`{hint}"),
                );
                None
            }
        }
    }

    /// The items of a list, each with its place.
    fn list<'v>(&mut self, value: &'v Value, place: &str) -> Option<Vec<(String, &'v Value)>> {
        let Value::Array(items) = value else {
            self.wrong(place, "wrong_type", "must be a list of values");
            return None;
        };
        if items.is_empty() || items.len() > MAX_VALUES {
            let code = if items.is_empty() {
                "too_few"
            } else {
                "too_many"
            };
            self.wrong(
                place,
                code,
                format!("must have at least 1 and at most {MAX_VALUES} values"),
            );
            return None;
        }
        Some(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| (format!("{place}/{index}"), item))
                .collect(),
        )
    }

    fn noted<T>(&mut self, place: String, read: Result<T, (&'static str, String)>) -> Option<T> {
        read.map_err(|(code, detail)| self.wrong(place, code, detail))
            .ok()
    }

    fn activity(
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
    fn activity_filter(
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

    fn activity_types(&mut self, value: &Value, place: &str) -> Option<Vec<String>> {
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
            self.wrong(place, "invalid_format", super::reading::SPANS);
        }
        span
    }
}

const LEAD_KEYS: &[&str] = &["all", "any", "not", "field", "activity"];
const WHERE_KEYS: &[&str] = &["all", "any", "not", "field"];
const FIELD_KEYS: &[&str] = &["field", "op", "value"];
const ACTIVITY_KEYS: &[&str] = &["activity", "where", "count", "within"];

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

/// A name as part of a JSON pointer (RFC 6901), not too long.
fn escaped(name: &str) -> String {
    shown_name(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
