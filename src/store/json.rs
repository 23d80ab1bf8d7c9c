//! JSON on its way into a `jsonb` column: written once, as text, without a tree of values in between.

use crate::error::{Error, Result};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use serde::Serialize;
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

    /// The JSON of one value of each row.
    pub fn column<R, V: Serialize>(
        rows: &[R],
        value: impl for<'r> Fn(&'r R) -> &'r V,
    ) -> Result<Vec<Json>> {
        rows.iter().map(|row| Json::of(value(row))).collect()
    }
}

impl ToSql<Jsonb, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(&self.0)?;
        Ok(IsNull::No)
    }
}
