//! JSON on its way into a `jsonb` column: written once, as text, without a tree of values in between.

use crate::error::{Error, Result};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::Write;

/// The version of `jsonb`'s binary form, which is followed by JSON text.
const JSONB_VERSION: u8 = 1;

/// JSON text.
#[derive(Debug, Clone, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub struct Json(Vec<u8>);

impl Json {
    /// The JSON of a value.
    pub fn of(value: &impl Serialize) -> Result<Json> {
        Ok(Json(serde_json::to_vec(value).map_err(Error::internal)?))
    }

    /// The JSON of a value without what is `null` and without objects that are empty, for what only [`serde`] reads again:
    /// an `Option` that is missing is `None`. A third of a ledger's bytes is that.
    pub fn lean(value: &impl Serialize) -> Result<Json> {
        let mut value = serde_json::to_value(value).map_err(Error::internal)?;
        prune(&mut value);
        Json::of(&value)
    }

    /// The JSON of one value of each row.
    pub fn column<R, V: Serialize>(
        rows: &[R],
        value: impl for<'r> Fn(&'r R) -> &'r V,
    ) -> Result<Vec<Json>> {
        rows.iter().map(|row| Json::of(value(row))).collect()
    }
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(prune);
            members.retain(|_, member| !says_nothing(member));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

impl ToSql<Jsonb, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;
    use serde_json::json;

    #[test]
    fn what_says_nothing_is_left_out_at_any_depth_but_not_out_of_lists() {
        let value = json!({"a": null, "b": {"c": null}, "d": [null, {"e": null, "f": 0}], "g": [], "h": ""});
        let lean = Json::lean(&value).unwrap();
        assert_eq!(
            String::from_utf8(lean.0).unwrap(),
            r#"{"d":[null,{"f":0}],"g":[],"h":""}"#
        );
    }
}
