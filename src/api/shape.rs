//! What the OpenAPI schema of a request type says, enforced: the document cannot promise
//! something that the service does not check.
//!
//! A [`Shape`] is compiled once per type from utoipa's schema and then checks a JSON value without
//! allocating, as long as nothing is wrong. It reports everything that is wrong, not the first thing only.
//! Not enforced: `pattern`, which the domain checks where a type has one, and `uniqueItems`, which no request type uses.

mod check;
mod compile;
mod format;
mod pointer;
#[cfg(test)]
mod tests;
mod text;

pub use crate::domain::nearest::{did_you_mean, shown_name};

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use serde_json::Value;
use utoipa::ToSchema;

use crate::error::FieldError;
use check::{Check, Presence};
use format::Format;

/// More errors than this are not reported for one value.
pub const MAX_ERRORS: usize = 100;

/// The schema of one type, compiled for checking.
#[derive(Debug)]
pub struct Shape {
    /// Schemas refer to each other by index, so that a type may contain itself. The first is the type's own.
    nodes: Vec<Node>,
}

/// Which JSON values are right at one place.
#[derive(Debug, Clone)]
struct Node {
    nullable: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Any,
    /// Nothing but null.
    Null,
    Boolean,
    Integer {
        min: Option<i128>,
        max: Option<i128>,
    },
    Number(NumberBounds),
    String(Text),
    Array {
        items: usize,
        min: usize,
        max: usize,
    },
    Object(Fields),
    OneOf(Vec<usize>),
    /// A `$ref`.
    Same(usize),
}

#[derive(Debug, Clone, Default)]
struct NumberBounds {
    min: Option<f64>,
    max: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
}

/// Lengths count characters, as JSON Schema does.
#[derive(Debug, Clone)]
struct Text {
    min: usize,
    max: usize,
    format: Option<Format>,
    allowed: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default)]
struct Fields {
    known: HashMap<String, usize>,
    required: Vec<String>,
    others: Others,
    min: usize,
    max: Option<usize>,
}

/// What a field may be that the schema does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Others {
    #[default]
    Refused,
    Any,
    Like(usize),
}

impl Shape {
    /// The shape of `T`, compiled at the first call.
    pub fn of<T: ToSchema + 'static>() -> &'static Shape {
        static SHAPES: OnceLock<RwLock<HashMap<TypeId, &'static Shape>>> = OnceLock::new();
        let shapes = SHAPES.get_or_init(RwLock::default);
        let id = TypeId::of::<T>();
        if let Some(shape) = shapes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
        {
            return shape;
        }
        // There are as many shapes as request types, and they live as long as the service.
        shapes
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(id)
            .or_insert_with(|| Box::leak(Box::new(Shape::compile::<T>())))
    }

    /// Everything that is wrong with `value`, in its own order; at most [`MAX_ERRORS`].
    pub fn check(&self, value: &Value) -> Vec<FieldError> {
        Check::new(self, Presence::Whole).run(value)
    }

    /// As [`Shape::check`], for a JSON merge patch (RFC 7396): every field of an object may be absent or null.
    /// Arrays are replaced whole, so their items are checked as usual.
    pub fn check_patch(&self, value: &Value) -> Vec<FieldError> {
        Check::new(self, Presence::Patch).run(value)
    }

    /// The names that the object has, or none when it is not an object.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields = match &self.resolve(0).kind {
            Kind::Object(fields) => Some(fields),
            _ => None,
        };
        fields
            .into_iter()
            .flat_map(|fields| fields.known.keys().map(String::as_str))
    }

    /// The node at `index`, behind any `$ref`s.
    fn resolve(&self, mut index: usize) -> &Node {
        loop {
            match &self.nodes[index] {
                Node {
                    nullable: false,
                    kind: Kind::Same(target),
                } if *target != index => index = *target,
                node => return node,
            }
        }
    }
}
