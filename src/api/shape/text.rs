//! Query parameters are text; the shape says which JSON type each one stands for.

use serde_json::{Number, Value};

use super::{Kind, Shape};

impl Shape {
    /// The JSON value that the parameter `name` has when it is sent as `text`.
    ///
    /// Text that does not read as the wanted type stays a string, so that [`Shape::check`] reports it.
    /// Lists are separated by commas (OpenAPI: `style: form, explode: false`).
    pub fn read_text(&self, name: &str, text: &str) -> Value {
        match &self.resolve(0).kind {
            Kind::Object(fields) => fields
                .known
                .get(name)
                .and_then(|index| self.read(*index, text)),
            _ => None,
        }
        .unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn read(&self, index: usize, text: &str) -> Option<Value> {
        match &self.resolve(index).kind {
            Kind::Boolean => text.parse().ok().map(Value::Bool),
            Kind::Integer { .. } => text.parse::<i64>().ok().map(Value::from),
            Kind::Number(_) => text
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number),
            Kind::Array { .. } if text.is_empty() => Some(Value::Array(Vec::new())),
            Kind::Array { items, .. } => {
                let item = |text: &str| {
                    self.read(*items, text)
                        .unwrap_or_else(|| Value::String(text.to_owned()))
                };
                Some(text.split(',').map(item).collect())
            }
            Kind::Same(target) => self.read(*target, text),
            Kind::OneOf(choices) => choices.iter().find_map(|choice| self.read(*choice, text)),
            Kind::Any | Kind::Null | Kind::String(_) | Kind::Object(_) => None,
        }
    }
}
