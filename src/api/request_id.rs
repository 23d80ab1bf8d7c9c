//! One id for each request: in the answer, in problems and in the log.
//!
//! The id is also the task's, so that a [`Problem`](super::problem::Problem) made anywhere below
//! carries it without being told.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use uuid::Uuid;

use crate::api::state::AppState;

/// The header that carries the id, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of a request, in its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The id of the request that this task answers, if it answers one.
pub fn current() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

/// Middleware, the outermost: gives the request its id and writes the access log.
pub async fn request_id(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = incoming(&req).unwrap_or_else(|| Uuid::now_v7().to_string());
    let method = req.method().clone();
    req.extensions_mut().insert(RequestId(id.clone()));
    match CURRENT.scope(id.clone(), next.call(req)).await {
        Ok(mut response) => {
            let route = response.request().match_pattern();
            log_access(&id, &method, route.as_deref(), response.status(), started);
            count(
                response.request(),
                route.as_deref(),
                response.status(),
                started,
            );
            if let Ok(value) = HeaderValue::try_from(id) {
                response.headers_mut().insert(X_REQUEST_ID, value);
            }
            Ok(response)
        }
        Err(error) => {
            log_access(
                &id,
                &method,
                None,
                error.as_response_error().status_code(),
                started,
            );
            Err(error)
        }
    }
}

/// Counts the answer. A method that HTTP does not name has none of its own: anybody can make them up.
fn count(request: &HttpRequest, route: Option<&str>, status: StatusCode, started: Instant) {
    let Some(state) = request.app_data::<web::Data<AppState>>() else {
        return;
    };
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "-",
    };
    let route = route.unwrap_or("-");
    state
        .metrics
        .request(method, route, status.as_u16(), started.elapsed());
}

/// The caller's own id, when it is short and harmless in a log.
fn incoming(req: &ServiceRequest) -> Option<String> {
    let id = req.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let sane = (1..=64).contains(&id.len()) && id.chars().all(harmless);
    sane.then(|| id.to_owned())
}

/// The route is the template, not the path: paths and queries contain people.
fn log_access(
    id: &str,
    method: &Method,
    route: Option<&str>,
    status: StatusCode,
    started: Instant,
) {
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    log::info!(target: "access", "{id} {method} {} {} {milliseconds:.1} ms", route.unwrap_or("-"), status.as_u16());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::problem::ApiError;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, HttpResponse, web};
    use serde_json::Value;

    /// The header and the `request_id` of the problem that every request to this app gets.
    async fn ids(sent: Option<&str>) -> (String, String) {
        let app = App::new()
            .default_service(web::to(async || {
                Err::<HttpResponse, _>(ApiError::no_such_path())
            }))
            .wrap(from_fn(request_id));
        let app = init_service(app).await;
        let mut request = TestRequest::get().uri("/nothing");
        if let Some(sent) = sent {
            request = request.insert_header((X_REQUEST_ID, sent));
        }
        let response = call_service(&app, request.to_request()).await;
        let header = response
            .headers()
            .get(X_REQUEST_ID)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let body: Value = read_body_json(response).await;
        (header, body["request_id"].as_str().unwrap().to_owned())
    }

    #[actix_web::test]
    async fn the_callers_id_comes_back_in_header_and_problem() {
        assert_eq!(
            ids(Some("job-7.a_B")).await,
            ("job-7.a_B".to_owned(), "job-7.a_B".to_owned())
        );
    }

    #[actix_web::test]
    async fn an_unfit_id_is_replaced() {
        for unfit in [
            None,
            Some(""),
            Some("a b"),
            Some("a\"b"),
            Some("a".repeat(65).as_str()),
        ] {
            let (header, problem) = ids(unfit).await;
            assert!(Uuid::try_parse(&header).is_ok(), "{header}");
            assert_eq!(header, problem);
        }
    }
}
