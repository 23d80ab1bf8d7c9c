//! What differs between two JSON values, by its place.

use serde_json::Value;

/// A place at which two values differ. What is missing is `null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// What the first has there.
    pub first: Value,
    /// What the second has there.
    pub second: Value,
}

/// Every place at which two values differ, as deep as both have the same shape. That a member is missing is the same as
/// that it is `null`.
pub fn differences(first: &Value, second: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(first, second, &mut String::new(), &mut found);
    found
}

fn collect(first: &Value, second: &Value, pointer: &mut String, found: &mut Vec<Difference>) {
    match (first, second) {
        (Value::Object(one), Value::Object(other)) => {
            let more = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(more) {
                let value = |of: &serde_json::Map<String, Value>| of.get(key).cloned();
                let step = key.replace('~', "~0").replace('/', "~1");
                descend(value(one), value(other), &step, pointer, found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let value = |of: &[Value]| of.get(index).cloned();
                descend(value(one), value(other), &index.to_string(), pointer, found);
            }
        }
        _ if first == second => {}
        _ => found.push(Difference {
            pointer: pointer.clone(),
            first: first.clone(),
            second: second.clone(),
        }),
    }
}

fn descend(
    first: Option<Value>,
    second: Option<Value>,
    step: &str,
    pointer: &mut String,
    found: &mut Vec<Difference>,
) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
    collect(&first, &second, pointer, found);
    pointer.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_place_that_differs_is_named_once() {
        let first = json!({"a": 1, "b": {"c/d": [1, 2, 3], "e~": "x"}, "gone": true, "none": null});
        let second = json!({"a": 1, "b": {"c/d": [1, 5], "e~": "y"}, "new": {"f": 1}});
        let found: Vec<(String, Value, Value)> = differences(&first, &second)
            .into_iter()
            .map(|one| (one.pointer, one.first, one.second))
            .collect();
        let place = |pointer: &str, first, second| (pointer.to_owned(), first, second);
        assert_eq!(
            found,
            [
                place("/b/c~1d/1", json!(2), json!(5)),
                place("/b/c~1d/2", json!(3), json!(null)),
                place("/b/e~0", json!("x"), json!("y")),
                place("/gone", json!(true), json!(null)),
                place("/new", json!(null), json!({"f": 1})),
            ]
        );
        assert_eq!(differences(&first, &first), []);
    }
}
