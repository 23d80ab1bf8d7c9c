//! The error type of handlers, extractors and middleware.

use std::fmt;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};

use super::{PROBLEM_JSON, Problem, ProblemKind, validation_failed};
use crate::api::forward::Moved;
use crate::api::rate_limit::Decision;
use crate::error::{BoxError, Error, FieldError};

/// An error on its way out: the problem and the headers that go with it.
///
/// Anything that fails with [`Error`] becomes one by `?`. A middleware answers with
/// `Ok(req.error_response(error))` and not with `Err`, so that the layers around it still see an answer.
#[derive(Debug)]
pub struct ApiError(Box<Answer>);

#[derive(Debug)]
struct Answer {
    problem: Problem,
    headers: Vec<(HeaderName, HeaderValue)>,
    close: bool,
    moved: Option<Moved>,
}

impl ApiError {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem::new(kind, detail).into()
    }

    /// 400: a header or another part of the request makes no sense.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest, detail)
    }

    /// 400: the body is not JSON. `detail` says where; it never repeats what is there.
    pub fn malformed_json(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::MalformedJson, detail)
    }

    /// 400: the JSON is nested deeper than `limit`.
    pub fn too_deep(limit: usize) -> Self {
        Self::new(
            ProblemKind::TooDeep,
            format!("Objects and arrays may be nested {limit} levels deep."),
        )
    }

    /// 401: no key came with the request.
    pub fn missing_key() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "Send an API key or an access token: `Authorization: Bearer …`.",
        )
        .header(header::WWW_AUTHENTICATE, "Bearer realm=\"baton\"")
    }

    /// 401: the key that came is unknown, revoked or expired; which of these is not said.
    pub fn invalid_key() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "The API key or access token is not valid. It may have been revoked or have expired.",
        )
        .header(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"baton\", error=\"invalid_token\"",
        )
    }

    /// 403: the key lacks this scope.
    pub fn missing_scope(scope: &str) -> Self {
        Self::new(
            ProblemKind::Forbidden,
            format!("This needs the scope `{scope}`, which the API key or the user's role does not have."),
        )
        .header(
            header::WWW_AUTHENTICATE,
            format!("Bearer realm=\"baton\", error=\"insufficient_scope\", scope=\"{scope}\""),
        )
    }

    /// 403: for another reason than a scope.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Forbidden, detail)
    }

    /// 404: nothing is served at this path.
    pub fn no_such_path() -> Self {
        Self::new(
            ProblemKind::NotFound,
            "Nothing is served at this path. See /openapi.json.",
        )
    }

    /// 404: there is no such thing, as far as the caller may know.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            format!("There is no such {what}, or this caller may not see it."),
        )
    }

    /// 405: the path knows only these methods.
    pub fn method_not_allowed(allowed: &[Method]) -> Self {
        let allowed = method_list(allowed);
        Self::new(
            ProblemKind::MethodNotAllowed,
            format!("This path allows {allowed}."),
        )
        .header(header::ALLOW, allowed)
    }

    /// 408: the body did not arrive in time. The connection is closed.
    pub fn slow_body(limit_seconds: u64) -> Self {
        Self::new(
            ProblemKind::SlowBody,
            format!("The whole body must arrive within {limit_seconds} seconds."),
        )
        .closing()
    }

    /// 412: the condition of the request does not hold.
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::PreconditionFailed, detail)
    }

    /// 413: the body is larger than `limit_bytes`. The connection is closed, because the rest may still be coming.
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        Self::new(
            ProblemKind::PayloadTooLarge,
            format!("The body may have at most {limit_bytes} bytes. Send fewer items at once."),
        )
        .closing()
    }

    /// 415: the body's `Content-Type` is none of `supported`. For a PATCH they are also named in `Accept-Patch`.
    pub fn unsupported_media_type(method: &Method, supported: &'static [&'static str]) -> Self {
        let list = supported.join(", ");
        let error = Self::new(
            ProblemKind::UnsupportedMediaType,
            format!(
                "Send the header `Content-Type: {}`.",
                supported.join("` or `")
            ),
        );
        match *method {
            Method::PATCH => error.header(HeaderName::from_static("accept-patch"), list),
            _ => error.header(header::ACCEPT, list),
        }
    }

    /// 415: the body is compressed.
    pub fn compressed_body() -> Self {
        Self::new(
            ProblemKind::UnsupportedMediaType,
            "Send the body uncompressed, without `Content-Encoding`.",
        )
        .header(header::ACCEPT_ENCODING, "identity")
    }

    /// 422: these fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        validation_failed(errors).into()
    }

    /// 429: the quota of this key or address is used up.
    pub fn rate_limited(decision: &Decision) -> Self {
        let seconds = decision.retry_after_seconds.max(1);
        let detail = format!(
            "The limit is {} requests in {} seconds. Try again in {seconds} s.",
            decision.limit, decision.window_seconds
        );
        let problem = Problem::new(ProblemKind::RateLimited, detail).retry_after(seconds);
        let mut error = ApiError::from(problem);
        error.0.headers.extend(decision.headers());
        error
    }

    /// 503: something this request needs is away for about `retry_after_seconds`.
    pub fn unavailable(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        Problem::new(ProblemKind::Unavailable, detail)
            .retry_after(retry_after_seconds)
            .into()
    }

    /// What will be answered.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Adds a header to the answer. A value that HTTP cannot carry is left out.
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.into()) {
            self.0.headers.push((name, value));
        }
        self
    }

    fn closing(mut self) -> Self {
        self.0.close = true;
        self
    }
}

/// `GET, POST`: the value of an `Allow` header.
pub(super) fn method_list(methods: &[Method]) -> String {
    methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        ApiError(Box::new(Answer {
            problem,
            headers: Vec::new(),
            close: false,
            moved: None,
        }))
    }
}

/// Translates, and logs faults.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        if let Error::MissingScope(scope) = error {
            return ApiError::missing_scope(scope.as_str());
        }
        let problem = Problem::from(&error);
        log_fault(&error, &problem);
        let mut answer = ApiError::from(problem);
        match error {
            Error::Merged { id, into } => {
                answer.0.moved = Some(Moved { id, into });
                answer
            }
            // RFC 9110 §15.5.2: a 401 says how to authenticate.
            Error::LoginFailed | Error::SessionOver => {
                answer.header(header::WWW_AUTHENTICATE, "Bearer realm=\"baton\"")
            }
            _ => answer,
        }
    }
}

impl From<crate::error::Conflict> for ApiError {
    fn from(conflict: crate::error::Conflict) -> Self {
        Error::from(conflict).into()
    }
}

fn log_fault(error: &Error, problem: &Problem) {
    let source: &BoxError = match error {
        Error::Internal(source) | Error::Unavailable(source) => source,
        _ => return,
    };
    let request = problem.request_id.as_deref().unwrap_or("-");
    log::error!(
        "Request {request} failed: {error}: {}",
        chain(source.as_ref())
    );
}

/// The error and everything below it, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.replace('\n', " ")
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.problem.status, self.0.problem.code)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let Answer {
            problem,
            headers,
            close,
            moved,
        } = self.0.as_ref();
        let mut response = HttpResponse::build(self.status_code());
        response
            .content_type(PROBLEM_JSON)
            .insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if let Some(seconds) = problem.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if *close {
            response.force_close();
        }
        // Strings and numbers always serialize.
        let mut response = response.body(serde_json::to_vec(problem).unwrap_or_default());
        if let Some(moved) = moved {
            response.extensions_mut().insert(*moved);
        }
        response
    }
}

/// So that a handler may also answer with the domain's own `Result`.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(Problem::from(self).status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let problem = Problem::from(self);
        log_fault(self, &problem);
        ApiError::from(problem).error_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Conflict;
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};
    use uuid::Uuid;

    async fn body(response: HttpResponse) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap()
    }

    #[actix_web::test]
    async fn wrong_fields_are_listed_with_pointer_code_and_detail() {
        let errors = vec![
            FieldError::new("/a~1b", "too_long", "at most 5 characters"),
            FieldError::new("/c", "required", "missing"),
        ];
        let response = ApiError::from(Error::Invalid(errors)).error_response();
        assert_eq!(response.status(), 422);
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "application/problem+json"
        );
        let body = body(response).await;
        assert_eq!(body["type"], "/problems/validation-failed");
        assert_eq!(body["code"], "validation_failed");
        assert_eq!(
            body["errors"][0],
            json!({"pointer": "/a~1b", "code": "too_long", "detail": "at most 5 characters"})
        );
        assert_eq!(body["errors"].as_array().unwrap().len(), 2);
    }

    #[actix_web::test]
    async fn a_fault_is_answered_without_its_cause() {
        let response = ApiError::from(Error::internal("password=hunter2")).error_response();
        assert_eq!(response.status(), 500);
        let body = body(response).await;
        assert!(!body.to_string().contains("hunter2"));
        assert!(body.get("errors").is_none());
    }

    #[actix_web::test]
    async fn an_absent_database_says_when_to_try_again() {
        let response =
            ApiError::from(Error::Unavailable("connection refused".into())).error_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get("retry-after").unwrap(), "5");
        assert_eq!(body(response).await["retry_after_seconds"], 5);
    }

    #[actix_web::test]
    async fn a_taken_identity_names_the_other_lead() {
        let lead_id = Uuid::now_v7();
        let error = Error::from(Conflict::IdentityTaken {
            kind: "email",
            lead_id,
        });
        let response = error.error_response();
        assert_eq!(
            (response.status().as_u16(), error.status_code().as_u16()),
            (409, 409)
        );
        assert_eq!(body(response).await["lead_id"], lead_id.to_string());
    }

    #[actix_web::test]
    async fn a_missing_thing_does_not_repeat_the_id_that_was_asked_for() {
        let body =
            body(ApiError::from(Error::not_found("lead", "ada@example.com")).error_response())
                .await;
        assert!(!body.to_string().contains("ada@"));
        assert_eq!(
            body["detail"],
            "There is no such lead, or this caller may not see it."
        );
    }

    #[test]
    fn a_caller_without_the_scope_learns_its_name() {
        let response = ApiError::missing_scope("leads:write").error_response();
        assert_eq!(response.status(), 403);
        let challenge = response
            .headers()
            .get("www-authenticate")
            .unwrap()
            .to_str()
            .unwrap();
        assert!(challenge.contains("insufficient_scope") && challenge.contains("leads:write"));
    }

    #[test]
    fn a_patch_with_another_type_is_told_the_types_in_accept_patch() {
        let types = &["application/merge-patch+json", "application/json"];
        let patch = ApiError::unsupported_media_type(&Method::PATCH, types).error_response();
        assert_eq!(
            patch.headers().get("accept-patch").unwrap(),
            "application/merge-patch+json, application/json"
        );
        let post = ApiError::unsupported_media_type(&Method::POST, types).error_response();
        assert!(post.headers().get("accept-patch").is_none());
    }

    #[test]
    fn the_log_line_of_a_fault_has_the_whole_chain() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::io::Error);
        assert_eq!(
            chain(&Outer(std::io::Error::other("inner\nline"))),
            "outer: inner line"
        );
    }
}
