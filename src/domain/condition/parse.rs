//! Reading conditions: everything that is wrong is reported, with the place.

use super::activity::ActivityPattern;
use super::reading::{Reading, Spelling};
use super::{Condition, LeadCheck, MAX_DEPTH, MAX_NODES, Node};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::rules::Rules;
use crate::error::FieldError;
use serde_json::{Map, Value};

mod activity;
mod lead_field;
mod test;

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
}

const LEAD_KEYS: &[&str] = &["all", "any", "not", "field", "activity"];
const WHERE_KEYS: &[&str] = &["all", "any", "not", "field"];
const FIELD_KEYS: &[&str] = &["field", "op", "value"];
const ACTIVITY_KEYS: &[&str] = &["activity", "where", "count", "within"];
/// A name as part of a JSON pointer (RFC 6901), not too long.
fn escaped(name: &str) -> String {
    shown_name(name).replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
