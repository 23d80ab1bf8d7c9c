//! Pages of lists: an opaque cursor that carries where the page ended, and the sort and filter it belongs to.

use crate::api::problem::ApiError;
use crate::error::{Error, FieldError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Leads on a page unless the request says otherwise.
pub const DEFAULT_LIMIT: i64 = 50;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries, in order.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    /// The workspace: a cursor is of no use in another.
    w: Uuid,
    /// Where the page ended.
    c: T,
}

/// The text of a cursor.
pub fn write_cursor<T: Serialize>(workspace_id: Uuid, cursor: T) -> Result<String, Error> {
    let json = serde_json::to_vec(&Sealed {
        w: workspace_id,
        c: cursor,
    })
    .map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Reads a cursor.
///
/// # Errors
/// 422 when it is none that this list of this workspace gave out.
pub fn read_cursor<T: DeserializeOwned>(workspace_id: Uuid, text: &str) -> Result<T, ApiError> {
    let json: Option<Value> = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok());
    let sealed: Option<Sealed<T>> = json
        .filter(|json| !has_nul(json))
        .and_then(|json| serde_json::from_value(json).ok());
    match sealed {
        Some(sealed) if sealed.w == workspace_id => Ok(sealed.c),
        _ => Err(bad_cursor(NOT_OURS)),
    }
}

/// What a cursor is told that this list did not give out.
pub const NOT_OURS: &str =
    "not a cursor of this list: pass next_cursor of a page as it is, or leave it out to begin anew";

/// No text of ours has a NUL, and the database takes none.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(entries) => entries.values().any(has_nul),
        _ => false,
    }
}

/// A cursor that does not fit.
pub fn bad_cursor(detail: &str) -> ApiError {
    Error::Invalid(vec![FieldError::new("?cursor", "invalid_cursor", detail)]).into()
}

/// Cuts the one entry that was asked for beyond the page; the answer says whether there was one.
pub fn cut<T>(entries: &mut Vec<T>, limit: i64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = entries.len() > limit;
    entries.truncate(limit);
    more
}

/// Parameters of lists that are only paged.
#[derive(Debug, Deserialize, ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Entries on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
}
