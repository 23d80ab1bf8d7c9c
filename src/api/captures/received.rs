//! A request that brings a submission, as it came in.

use crate::api::client_address::client_address;
use crate::api::state::AppState;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::submission::{Door, SubmissionContext};
use actix_web::HttpRequest;
use actix_web::http::header;

/// A request that brings a submission.
pub struct Received {
    /// The way it came in.
    pub door: Door,
    /// Media type of the body.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// What stood beside it.
    pub context: SubmissionContext,
    /// The key under which its answer is kept.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl Received {
    /// Of a draft that nobody sent to be kept.
    pub(super) fn nothing() -> Received {
        Received {
            door: Door::Capture,
            content_type: String::new(),
            body: Vec::new(),
            context: SubmissionContext::default(),
            idempotency_key: None,
        }
    }
}

/// Media type of the request's body.
pub fn content_type(request: &HttpRequest) -> String {
    let given = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    given.unwrap_or_default().chars().take(255).collect()
}

/// What stands beside the body of a request.
pub fn context(
    request: &HttpRequest,
    state: &AppState,
    origin: Option<String>,
) -> SubmissionContext {
    let text = |name: header::HeaderName| {
        let value = request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok());
        value.map(|value| value.chars().take(2048).collect())
    };
    SubmissionContext {
        ip: Some(client_address(request, state.trusted_proxies).to_string()),
        user_agent: text(header::USER_AGENT),
        referrer: text(header::REFERER),
        origin,
    }
}
