//! `Idempotency-Key`: read from a request, and answers that were kept under it.

use crate::api::auth::Caller;
use crate::api::problem::ApiError;
use crate::domain::flow::once::Answered;
use crate::domain::idempotency::{Answer, IdempotencyKey};
use crate::error::{Error, FieldError};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

const HEADER: &str = "idempotency-key";
/// The header that says: this is the first answer again.
pub const REPLAYED: &str = "idempotent-replayed";
const MAX_LENGTH: usize = 255;

/// The key of a request, with or without the quotes of a structured field.
///
/// # Errors
/// 422 when it is empty, longer than 255 characters or not ASCII.
pub fn key(
    request: &HttpRequest,
    caller: &Caller,
    body: &[u8],
) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(given) = request.headers().get(HEADER) else {
        return Ok(None);
    };
    let text = given.to_str().unwrap_or_default().trim();
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if text.is_empty() || text.len() > MAX_LENGTH || !is_plain {
        let detail = "1 to 255 printable ASCII characters, best a random UUID";
        return Err(Error::Invalid(vec![FieldError::new(
            "Idempotency-Key",
            "invalid_idempotency_key",
            detail,
        )])
        .into());
    }
    let mut hash = Sha256::new();
    for part in [
        request.method().as_str().as_bytes(),
        request.path().as_bytes(),
        body,
    ] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    Ok(Some(IdempotencyKey {
        actor_id: caller.id,
        key: text.to_owned(),
        request_hash: hash.finalize().into(),
    }))
}

/// An answer that can be kept.
pub fn answer(
    status: StatusCode,
    etag: Option<String>,
    body: &impl Serialize,
) -> Result<Answer, Error> {
    Ok(Answer {
        status: status.as_u16(),
        etag,
        body: serde_json::to_vec(body).map_err(Error::internal)?,
    })
}

/// The answer to what leaves nothing to show.
pub fn no_content() -> Answer {
    Answer {
        status: StatusCode::NO_CONTENT.as_u16(),
        etag: None,
        body: Vec::new(),
    }
}

/// Sends a kept answer.
pub fn respond(answered: Answered) -> HttpResponse {
    let Answer { status, etag, body } = answered.answer;
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    if let Some(etag) = etag {
        response.insert_header((header::ETAG, etag));
    }
    if answered.replayed {
        response.insert_header((REPLAYED, "true"));
    }
    if status == StatusCode::NO_CONTENT.as_u16() {
        return response.finish();
    }
    response.content_type("application/json").body(body)
}
