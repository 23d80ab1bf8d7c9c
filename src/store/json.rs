//! JSON on its way into a column: written once, as text, without a tree of values in between.
//!
//! A column that SQL looks into is `jsonb`, one that is only written and read is `json`.

use crate::error::{Error, Result};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::{Json as SqlJson, Jsonb};
use serde::Serialize;
use std::io::Write;

/// The version of `jsonb`'s binary form, which is followed by JSON text.
const JSONB_VERSION: u8 = 1;

/// JSON text.
#[derive(Debug, Clone, AsExpression)]
#[diesel(sql_type = Jsonb)]
#[diesel(sql_type = SqlJson)]
pub struct Json(Vec<u8>);

impl Json {
    /// The JSON of a value.
    pub fn of(value: &impl Serialize) -> Result<Json> {
        Ok(Json(serde_json::to_vec(value).map_err(Error::internal)?))
    }

    /// The JSON of a value without what is `null` and without objects that are empty, for what only [`serde`] reads again:
    /// an `Option` that is missing is `None`. A third of a ledger's bytes is that.
    pub fn lean(value: &impl Serialize) -> Result<Json> {
        Ok(Json(lean(&Json::of(value)?.0)))
    }

    /// The JSON of one value of each row.
    pub fn column<R, V: Serialize>(
        rows: &[R],
        value: impl for<'r> Fn(&'r R) -> &'r V,
    ) -> Result<Vec<Json>> {
        rows.iter().map(|row| Json::of(value(row))).collect()
    }
}

#[cfg(test)]
impl Json {
    /// What is written, read again.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.0).expect("JSON is valid")
    }
}

/// Compact JSON text without the members that say nothing, at any depth.
fn lean(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    // Of what is open, outermost first: where an object's latest member begins, with the comma before it; of lists nothing.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let (string, after) = rest.split_at(length_of_string(rest));
                kept.push(byte);
                kept.extend_from_slice(string);
                rest = after;
            }
            b'{' => {
                kept.push(byte);
                open.push(Some(kept.len()));
            }
            b'[' => {
                kept.push(byte);
                open.push(None);
            }
            b',' => {
                if let Some(Some(member)) = open.last_mut() {
                    drop_if_silent(&mut kept, *member);
                    *member = kept.len();
                }
                if kept.last() != Some(&b'{') {
                    kept.push(byte);
                }
            }
            b'}' | b']' => {
                if let Some(Some(member)) = open.pop() {
                    drop_if_silent(&mut kept, member);
                }
                kept.push(byte);
            }
            other => kept.push(other),
        }
    }
    kept
}

/// How long a string is whose opening quote has been read, with its closing one.
fn length_of_string(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |quote| quote + 1)
}

/// Takes the latest member back if its value says nothing. Only a value that is no string can end without a quote.
fn drop_if_silent(kept: &mut Vec<u8>, member: usize) {
    if kept.ends_with(b":null") || kept.ends_with(b":{}") {
        kept.truncate(member);
    }
}

impl ToSql<Jsonb, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

impl ToSql<SqlJson, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;
    use crate::seed::random::Random;
    use serde_json::{Map, Value, json};

    fn lean(value: &Value) -> String {
        String::from_utf8(Json::lean(value).unwrap().0).unwrap()
    }

    #[test]
    fn what_says_nothing_is_left_out_at_any_depth_but_not_out_of_lists() {
        let value = json!({"a": null, "b": {"c": null}, "d": [null, {"e": null, "f": 0}], "g": [], "h": ""});
        assert_eq!(lean(&value), r#"{"d":[null,{"f":0}],"g":[],"h":""}"#);
    }

    #[test]
    fn a_text_that_looks_like_nothing_stays() {
        let value = json!({"a": ":null", "b": "x\\\":{}", "c": "\\", "d": null, "\":null": 1});
        assert_eq!(
            serde_json::from_str::<Value>(&lean(&value)).unwrap(),
            without_nothing(value)
        );
    }

    /// The same, by the tree.
    fn without_nothing(value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, member)| (name, without_nothing(member)))
                .filter(|(_, member)| !member.is_null() && *member != Value::Object(Map::new()))
                .collect(),
            Value::Array(items) => items.into_iter().map(without_nothing).collect(),
            other => other,
        }
    }

    fn any_text(random: &mut Random) -> String {
        let length = random.below(6);
        let signs = ['"', '\\', ':', '{', '}', '[', ']', ',', 'n', 'u', 'l'];
        (0..length)
            .map(|_| signs[random.below(signs.len() as u64) as usize])
            .collect()
    }

    fn any_json(random: &mut Random, depth: u64) -> Value {
        match random.below(if depth == 0 { 5 } else { 8 }) {
            0 | 1 => Value::Null,
            2 => true.into(),
            3 => random.below(100).into(),
            4 => any_text(random).into(),
            5 => (0..random.below(4))
                .map(|_| any_json(random, depth - 1))
                .collect(),
            _ => (0..random.below(4))
                .map(|_| (any_text(random), any_json(random, depth - 1)))
                .collect(),
        }
    }

    #[test]
    fn lean_text_is_what_the_tree_without_nothing_would_be() {
        let mut random = Random::of(1, 0);
        for _ in 0..5_000 {
            let value = any_json(&mut random, 4);
            let text = lean(&value);
            assert_eq!(text, without_nothing(value).to_string());
        }
    }
}
