//! Entity tags: `ETag` from a version, `If-Match` and `If-None-Match` against it (RFC 9110 §13).

use crate::api::problem::ApiError;
use crate::error::{Error, FieldError};
use actix_web::HttpRequest;
use actix_web::http::header;
use sha2::{Digest, Sha256};

/// The entity tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The entity tag of an answer that has no version: of its very bytes.
pub fn content_etag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let hex: String = hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

/// The version that the request insists on, by `If-Match`; `*` insists on none.
///
/// # Errors
/// 422 when it is no entity tag of ours; 412 for a weak one, which never matches.
pub fn expected_version(request: &HttpRequest) -> Result<Option<i64>, ApiError> {
    let Some(given) = request.headers().get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = given.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    if text.starts_with("W/") {
        return Err(ApiError::precondition_failed(
            "a weak entity tag never matches; pass the ETag of the lead as it is",
        ));
    }
    match text.trim_matches('"').parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(Error::Invalid(vec![FieldError::new(
            "If-Match",
            "invalid_etag",
            "pass the ETag of an answer as it is, such as \"3\"",
        )])
        .into()),
    }
}

/// Whether the request is for what is there already only: `*` is any version, but none is no version.
pub fn insists_on_existing(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::IF_MATCH)
}

/// Whether the caller has this version already, by `If-None-Match`.
pub fn is_unchanged(request: &HttpRequest, etag: &str) -> bool {
    let Some(given) = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    given
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}
