//! Reads a body, within a number of bytes and a time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::mime::{self, Mime};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;

use crate::api::problem::ApiError;

/// The limit where neither the handler nor [`BodyLimit`] names another.
pub const DEFAULT_BODY_LIMIT: usize = 256 * 1024;

/// The time where [`BodyTimeout`] names no other.
pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// App data: the most bytes that a body may have.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// App data: the time in which a whole body must have arrived.
#[derive(Debug, Clone, Copy)]
pub struct BodyTimeout(pub Duration);

/// The limit that holds for this request: the handler's own, that of the app, or the default.
pub fn limit(req: &HttpRequest, own: usize) -> usize {
    match own {
        0 => req
            .app_data::<BodyLimit>()
            .map_or(DEFAULT_BODY_LIMIT, |limit| limit.0),
        own => own,
    }
}

/// Refuses a body that is compressed or has none of the types that `is_supported` knows.
pub fn check_type(
    req: &HttpRequest,
    is_supported: fn(&Mime) -> bool,
    supported: &'static [&'static str],
) -> Result<(), ApiError> {
    let encoding = req.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::compressed_body());
    }
    let is_utf8 = |mime: &Mime| {
        mime.get_param(mime::CHARSET)
            .is_none_or(|charset| charset == mime::UTF_8)
    };
    match req.mime_type() {
        Ok(Some(mime)) if is_supported(&mime) && is_utf8(&mime) => Ok(()),
        _ => Err(ApiError::unsupported_media_type(req.method(), supported)),
    }
}

/// `application/json` or `application/…+json`.
pub fn is_json(mime: &Mime) -> bool {
    mime.type_() == mime::APPLICATION
        && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
}

/// The whole body. The time counts for all of it, so that a client that drips is not waited for.
pub async fn read(req: HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let announced = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ApiError::payload_too_large(limit));
    }
    let time = req
        .app_data::<BodyTimeout>()
        .map_or(DEFAULT_BODY_TIMEOUT, |timeout| timeout.0);
    match tokio::time::timeout(time, collect(payload, limit)).await {
        Ok(body) => body,
        Err(_) => Err(ApiError::slow_body(time.as_secs())),
    }
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    // Most bodies arrive in one piece and need no copy.
    let first = match payload.next().await {
        None => return Ok(Bytes::new()),
        Some(piece) => received(piece)?,
    };
    if first.len() > limit {
        return Err(ApiError::payload_too_large(limit));
    }
    let Some(second) = payload.next().await else {
        return Ok(first);
    };
    let mut body = BytesMut::from(first.as_ref());
    let mut next = Some(second);
    while let Some(piece) = next {
        let piece = received(piece)?;
        if body.len() + piece.len() > limit {
            return Err(ApiError::payload_too_large(limit));
        }
        body.extend_from_slice(&piece);
        next = payload.next().await;
    }
    Ok(body.freeze())
}

fn received(piece: Result<Bytes, actix_web::error::PayloadError>) -> Result<Bytes, ApiError> {
    piece.map_err(|_| ApiError::bad_request("The body broke off before its end."))
}
