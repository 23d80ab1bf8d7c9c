//! Conditions: what lists, segments and rules ask of a lead, as a small tree of JSON.
//!
//! ```json
//! {"all": [
//!   {"field": "employee_count", "op": "gte", "value": 200},
//!   {"any": [{"field": "country", "op": "in", "value": ["DE", "AT", "CH"]}, {"field": "custom.region", "op": "eq", "value": "dach"}]},
//!   {"activity": "page_view", "where": {"field": "properties.path", "op": "starts_with", "value": "/pricing"}, "count": {"gte": 2}, "within": "14d"},
//!   {"not": {"field": "email_domain", "op": "in", "value": ["example.org"]}}
//! ]}
//! ```
//!
//! A condition is parsed once against a workspace's rules ([`Condition::parse`]) and then judged in memory, over the
//! facts of one lead ([`Condition::holds`]), or in SQL, over all of them (`store/conditions.rs`). Both give the same answer.
//!
//! # What is missing
//! There are two truth values. A value that is not known (`null`, an empty text, an empty list) is *missing*:
//!
//! - no comparison holds for it: `eq`, `in`, `gt`, `gte`, `lt`, `lte`, `starts_with`, `contains`, `has_any`, `has_all`;
//! - `ne` is exactly not `eq`, and `not_in` not `in`: both hold for a missing value;
//! - `is_set` does not hold, `is_not_set` does;
//! - `{"not": x}` holds exactly where x does not; `{"all": []}` always holds, `{"any": []}` never.
//!
//! # What happened
//! Activities that are tests are looked at only for leads that are tests.
//!
//! # What is equal
//! Texts are compared exactly, small and capital letters apart. Values for mail addresses, phone numbers, countries and
//! domains are put into normal form first, as those of leads are. Moments are compared to the microsecond. Relative times
//! count from one `now` per evaluation. Amounts compare within one currency only.

mod activity;
mod column;
mod compared;
mod comparison;
mod depends;
mod document;
mod field;
mod forms;
mod holds;
mod parse;
mod reading;
mod renaming;
mod time;

pub use activity::{ActivityCheck, ActivityField, ActivityPattern, ActivityTest, Count};
pub use column::{Column, Kind, Operator};
pub use compared::{ComparedText, texts_compared};
pub use comparison::{Comparison, Datum, Operand, Order, Test};
pub use document::ConditionDocument;
pub use field::{AttributionKey, CustomField, Field, Touch};
pub use forms::{Forms, after_prefix};
pub use holds::Facts;
pub use renaming::rename_tags;
pub use time::{Day, Moment, Span, StartUnit, Unit};

use crate::domain::rules::Rules;
use crate::error::FieldError;
use serde_json::Value;

/// How deep conditions may be within each other.
pub const MAX_DEPTH: usize = 10;
/// How many parts a condition may have.
pub const MAX_NODES: usize = 200;
/// How many values a list in a condition may have.
pub const MAX_VALUES: usize = 500;
/// How long a text in a condition may be, in characters.
pub const MAX_TEXT: usize = 2048;

/// What is asked of a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The outermost part.
    pub root: Node<LeadCheck>,
}

/// A part of a condition: other parts, or a check.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<C> {
    /// All of these; always true when there are none.
    All(Vec<Node<C>>),
    /// At least one of these; never true when there are none.
    Any(Vec<Node<C>>),
    /// Not this.
    Not(Box<Node<C>>),
    /// This.
    Check(C),
}

/// A single thing that is asked of a lead.
#[derive(Debug, Clone, PartialEq)]
pub enum LeadCheck {
    /// Something about a field.
    Field(Field, Test),
    /// Something about what happened.
    Activity(ActivityTest),
}

impl Default for Condition {
    /// Holds for every lead.
    fn default() -> Self {
        Condition {
            root: Node::All(Vec::new()),
        }
    }
}

impl Condition {
    /// Reads a condition of a workspace. `pointer` is where it stands in the request.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the JSON pointer of the place and what helps.
    pub fn parse(
        value: &Value,
        rules: &Rules,
        pointer: &str,
    ) -> Result<Condition, Vec<FieldError>> {
        parse::parse(value, rules, pointer)
    }

    /// As [`parse`](Self::parse), for a condition that the database has to answer: every field of the workspace's own that
    /// it names has to be in the index of values.
    ///
    /// # Errors
    /// Also `not_filterable` and `index_building`, where such a field stands.
    pub fn parse_for_search(
        value: &Value,
        rules: &Rules,
        pointer: &str,
    ) -> Result<Condition, Vec<FieldError>> {
        parse::parse_for_search(value, rules, pointer)
    }

    /// Whether it holds for every lead, whatever is known of it.
    pub fn always_holds(&self) -> bool {
        self.root.is_always(true)
    }

    /// Whether it holds for no lead, whatever is known of it.
    pub fn never_holds(&self) -> bool {
        self.root.is_always(false)
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Node<LeadCheck>) -> Condition {
        let mut parts = match self.root {
            Node::All(parts) => parts,
            single => vec![single],
        };
        parts.push(other);
        Condition {
            root: Node::All(parts),
        }
    }

    /// The parts that all have to hold.
    pub fn conjuncts(&self) -> Vec<&Node<LeadCheck>> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}

impl<C> Node<C> {
    /// Whether its shape alone makes it always come out like this.
    pub fn is_always(&self, outcome: bool) -> bool {
        match (self, outcome) {
            (Node::All(parts), true) | (Node::Any(parts), false) => {
                parts.iter().all(|part| part.is_always(outcome))
            }
            (Node::All(parts), false) | (Node::Any(parts), true) => {
                parts.iter().any(|part| part.is_always(outcome))
            }
            (Node::Not(part), _) => part.is_always(!outcome),
            (Node::Check(_), _) => false,
        }
    }
}

impl ActivityPattern {
    /// Reads types and the condition of an activity. `pointer` is where the object with `types` and `where` stands.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the JSON pointer of the place and what helps.
    pub fn parse(
        types: &[String],
        filter: Option<&Value>,
        rules: &Rules,
        pointer: &str,
    ) -> Result<ActivityPattern, Vec<FieldError>> {
        parse::parse_pattern(types, filter, rules, pointer)
    }
}

fn collect<'a>(node: &'a Node<LeadCheck>, found: &mut Vec<&'a Node<LeadCheck>>) {
    match node {
        Node::All(parts) => parts.iter().for_each(|part| collect(part, found)),
        single => found.push(single),
    }
}
