//! From utoipa's schema of a type to its [`Shape`].
//!
//! Works on the JSON of the schema, the same text that `/openapi.json` serves, because that is
//! the promise to keep.

use std::collections::HashMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::format::Format;
use super::{Fields, Kind, Node, NumberBounds, Others, Shape, Text};

/// Deeper `allOf`s and references than this are taken as "anything": the schema runs in a circle.
const MAX_MERGES: usize = 32;

impl Shape {
    /// Compiles the schema of `T` and of everything in it.
    pub(super) fn compile<T: ToSchema>() -> Shape {
        let mut named: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut named);
        let named = named
            .into_iter()
            .map(|(name, schema)| (name, to_json(&schema)))
            .collect();
        Shape::from_schema(&to_json(&T::schema()), &named)
    }

    /// Compiles a JSON schema; `named` holds what `#/components/schemas/…` refers to.
    pub(super) fn from_schema(schema: &Value, named: &HashMap<String, Value>) -> Shape {
        let mut compiler = Compiler {
            named,
            indexes: HashMap::new(),
            nodes: Vec::new(),
        };
        compiler.add(schema);
        Shape {
            nodes: compiler.nodes,
        }
    }
}

fn to_json(schema: &RefOr<Schema>) -> Value {
    // A schema always serializes; "anything" is the harmless answer if one ever does not.
    serde_json::to_value(schema).unwrap_or(Value::Bool(true))
}

struct Compiler<'a> {
    named: &'a HashMap<String, Value>,
    indexes: HashMap<&'a str, usize>,
    nodes: Vec<Node>,
}

impl<'a> Compiler<'a> {
    /// Compiles `schema` into a node of its own and returns its index.
    fn add(&mut self, schema: &Value) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node {
            nullable: true,
            kind: Kind::Any,
        });
        self.nodes[index] = self.node(schema);
        index
    }

    /// The node of a named schema, compiled once; a type may contain itself.
    fn add_named(&mut self, reference: &str) -> Option<usize> {
        let (name, schema) = self.named.get_key_value(reference.rsplit('/').next()?)?;
        if let Some(index) = self.indexes.get(name.as_str()) {
            return Some(*index);
        }
        let index = self.nodes.len();
        self.nodes.push(Node {
            nullable: true,
            kind: Kind::Any,
        });
        self.indexes.insert(name, index);
        self.nodes[index] = self.node(schema);
        Some(index)
    }

    fn node(&mut self, schema: &Value) -> Node {
        let Some(schema) = schema.as_object() else {
            return anything();
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return match self.add_named(reference) {
                Some(index) => Node {
                    nullable: false,
                    kind: Kind::Same(index),
                },
                None => anything(),
            };
        }
        if let Some(choices) = schema
            .get("oneOf")
            .or_else(|| schema.get("anyOf"))
            .and_then(Value::as_array)
        {
            return self.one_of(choices);
        }
        if schema.contains_key("allOf") {
            let mut fields = Fields::default();
            let nullable = types(schema).contains(&"null");
            return match self.merge(&Value::Object(schema.clone()), &mut fields, 0) {
                true => Node {
                    nullable,
                    kind: Kind::Object(fields),
                },
                false => anything(),
            };
        }
        self.typed(schema)
    }

    /// A choice with null in it is a nullable schema; that is how an optional reference is written.
    fn one_of(&mut self, choices: &[Value]) -> Node {
        let nullable = choices.iter().any(is_null);
        let indexes: Vec<usize> = choices
            .iter()
            .filter(|choice| !is_null(choice))
            .map(|choice| self.add(choice))
            .collect();
        let kind = match indexes.as_slice() {
            [] => Kind::Null,
            [only] => Kind::Same(*only),
            _ => Kind::OneOf(indexes),
        };
        Node { nullable, kind }
    }

    /// Adds the fields of an `allOf` (serde's flatten) to one object. False when a part is no object.
    fn merge(&mut self, schema: &Value, into: &mut Fields, depth: usize) -> bool {
        let Some(object) = schema.as_object() else {
            return false;
        };
        if depth > MAX_MERGES {
            return false;
        }
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            let named = self.named;
            return named
                .get(name)
                .is_some_and(|target| self.merge(target, into, depth + 1));
        }
        if let Some(parts) = object.get("allOf").and_then(Value::as_array) {
            return parts.iter().all(|part| self.merge(part, into, depth + 1));
        }
        if !types(object).contains(&"object") {
            return false;
        }
        let part = self.fields(object);
        into.known.extend(part.known);
        into.required.extend(part.required);
        if part.others != Others::Refused {
            into.others = part.others;
        }
        true
    }

    fn typed(&mut self, schema: &Map<String, Value>) -> Node {
        let types = types(schema);
        let nullable = types.contains(&"null");
        let others: Vec<&str> = types
            .iter()
            .copied()
            .filter(|name| *name != "null")
            .collect();
        let kind = match others.as_slice() {
            [] if nullable => Kind::Null,
            [only] => self.kind(only, schema),
            [] => return anything(),
            several => {
                let indexes = several
                    .iter()
                    .map(|name| self.add_of_type(name, schema))
                    .collect();
                Kind::OneOf(indexes)
            }
        };
        Node { nullable, kind }
    }

    fn add_of_type(&mut self, name: &str, schema: &Map<String, Value>) -> usize {
        let kind = self.kind(name, schema);
        self.nodes.push(Node {
            nullable: false,
            kind,
        });
        self.nodes.len() - 1
    }

    fn kind(&mut self, name: &str, schema: &Map<String, Value>) -> Kind {
        match name {
            "boolean" => Kind::Boolean,
            "integer" => integer(schema),
            "number" => Kind::Number(NumberBounds {
                min: float(schema, "minimum"),
                max: float(schema, "maximum"),
                above: float(schema, "exclusiveMinimum"),
                below: float(schema, "exclusiveMaximum"),
            }),
            "string" => Kind::String(text(schema)),
            "array" => Kind::Array {
                items: self.add(schema.get("items").unwrap_or(&Value::Bool(true))),
                min: count(schema, "minItems").unwrap_or(0),
                max: count(schema, "maxItems").unwrap_or(usize::MAX),
            },
            "object" => Kind::Object(self.fields(schema)),
            _ => Kind::Any,
        }
    }

    /// An object is closed, unless the schema says how other fields look or names no field at all.
    fn fields(&mut self, schema: &Map<String, Value>) -> Fields {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => Others::Any,
            Some(like @ Value::Object(_)) => Others::Like(self.add(like)),
            None if properties.is_none() => Others::Any,
            _ => Others::Refused,
        };
        Fields {
            known: properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), self.add(schema)))
                .collect(),
            required: strings(schema.get("required")).unwrap_or_default(),
            others,
            min: count(schema, "minProperties").unwrap_or(0),
            max: count(schema, "maxProperties"),
        }
    }
}

fn anything() -> Node {
    Node {
        nullable: true,
        kind: Kind::Any,
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|name| name == "null")
}

/// The names under `type`, which is a string or a list of them (JSON Schema 2020-12).
fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.contains_key("properties") => vec!["object"],
        _ if schema.contains_key("enum") => vec!["string"],
        _ => Vec::new(),
    }
}

fn integer(schema: &Map<String, Value>) -> Kind {
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i128::from(i32::MIN), i128::from(i32::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    let min = whole(schema, "minimum").or(whole(schema, "exclusiveMinimum").map(|above| above + 1));
    let max = whole(schema, "maximum").or(whole(schema, "exclusiveMaximum").map(|below| below - 1));
    Kind::Integer {
        min: Some(min.unwrap_or(least)),
        max: Some(max.unwrap_or(most)),
    }
}

fn text(schema: &Map<String, Value>) -> Text {
    Text {
        min: count(schema, "minLength").unwrap_or(0),
        max: count(schema, "maxLength").unwrap_or(usize::MAX),
        format: schema
            .get("format")
            .and_then(Value::as_str)
            .and_then(Format::named),
        allowed: strings(schema.get("enum"))
            .or_else(|| Some(vec![schema.get("const")?.as_str()?.to_owned()])),
    }
}

fn strings(list: Option<&Value>) -> Option<Vec<String>> {
    let list = list?.as_array()?;
    Some(
        list.iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

fn count(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    schema
        .get(name)?
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
}

fn float(schema: &Map<String, Value>, name: &str) -> Option<f64> {
    schema.get(name)?.as_f64()
}

/// A bound of an integer; utoipa may write it as `1.0`.
fn whole(schema: &Map<String, Value>, name: &str) -> Option<i128> {
    let bound = schema.get(name)?;
    bound
        .as_i64()
        .map(i128::from)
        .or(bound.as_u64().map(i128::from))
        .or(bound.as_f64().map(|float| float as i128))
}
