//! Cross-origin requests (WHATWG Fetch): which pages may read our answers.
//!
//! A preflight comes without a key, so it is answered for every origin; it reveals nothing. The answer
//! itself can be read only by a page from an origin that the workspace names. Error answers have the
//! headers, too: without them a page sees only "Failed to fetch".

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use url::{Origin, Url};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const EXPOSED: &str = "ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed";
/// Chromium's ceiling.
const MAX_AGE_SECONDS: u32 = 7200;

/// The origins that a workspace or form names, put into the request's extensions as soon as they are known.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(pub Vec<String>);

impl AllowedOrigins {
    /// Whether a page from `origin` may read an answer of `host` (the request's own `Host`).
    ///
    /// `*` allows every origin. Otherwise scheme, host and port must be the same; capitals, a default
    /// port and a slash at the end do not matter. A page from our own host is always allowed.
    pub fn allows(&self, origin: &str, host: &str) -> bool {
        let same = |allowed: &String| {
            allowed == "*"
                || allowed.eq_ignore_ascii_case(origin)
                || is_same_origin(allowed, origin)
        };
        let own = origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
        own || self.0.iter().any(same)
    }
}

fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| {
        Url::parse(text)
            .map(|url| url.origin())
            .ok()
            .filter(Origin::is_tuple)
    };
    origin(one).is_some_and(|one| origin(other) == Some(one))
}

/// Middleware, directly inside the request id: answers preflights and adds the headers to every answer.
pub async fn cors(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let Some(origin) = req.headers().get(header::ORIGIN).cloned() else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    if req.method() == Method::OPTIONS
        && req
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        let answer = preflight(origin, req.headers());
        return Ok(req.into_response(answer).map_into_right_body());
    }
    let mut response = next.call(req).await?;
    let allowed = is_allowed(&response, &origin);
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
    Ok(response.map_into_left_body())
}

/// Where no workspace is known, the answer is an error about the request itself, and its page may read it.
fn is_allowed<B>(response: &ServiceResponse<B>, origin: &HeaderValue) -> bool {
    let request = response.request();
    let extensions = request.extensions();
    let Some(origins) = extensions.get::<AllowedOrigins>() else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    origins.allows(origin, host(request))
}

/// Not what `Forwarded` says: a page can send that header itself.
fn host(request: &HttpRequest) -> &str {
    let named = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(named)
        .unwrap_or_default()
}

fn preflight(origin: HeaderValue, request: &HeaderMap) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    answer
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS))
        .insert_header((
            header::VARY,
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ));
    if let Some(headers) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers.clone()));
    }
    answer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::problem::ApiError;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    async fn leads(req: HttpRequest) -> Result<HttpResponse, ApiError> {
        if req.headers().contains_key("authorization") {
            req.extensions_mut()
                .insert(AllowedOrigins(vec!["https://shop.example".to_owned()]));
            return Ok(HttpResponse::Ok().finish());
        }
        Err(ApiError::missing_key())
    }

    async fn answer(request: TestRequest) -> HttpResponse {
        let app = init_service(
            App::new()
                .route("/leads", web::get().to(leads))
                .wrap(from_fn(cors)),
        )
        .await;
        call_service(&app, request.uri("/leads").to_request())
            .await
            .into_parts()
            .1
            .map_into_boxed_body()
    }

    fn text<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[actix_web::test]
    async fn a_preflight_is_answered_without_a_key() {
        let request = TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://any.example"))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header((
                "access-control-request-headers",
                "content-type,authorization",
            ));
        let response = answer(request).await;
        assert_eq!(response.status(), 204);
        assert_eq!(
            text(&response, "access-control-allow-origin"),
            "https://any.example"
        );
        assert_eq!(
            text(&response, "access-control-allow-headers"),
            "content-type,authorization"
        );
        assert_eq!(text(&response, "access-control-max-age"), "7200");
        assert!(text(&response, "access-control-allow-methods").contains("PATCH"));
        assert!(text(&response, "vary").contains("Origin"));
    }

    #[actix_web::test]
    async fn only_a_named_origin_may_read_the_answer() {
        let from = |origin| {
            TestRequest::get()
                .insert_header(("origin", origin))
                .insert_header(("authorization", "Bearer x"))
        };
        let named = answer(from("https://shop.example")).await;
        assert_eq!(
            text(&named, "access-control-allow-origin"),
            "https://shop.example"
        );
        assert!(text(&named, "access-control-expose-headers").contains("ETag"));
        let other = answer(from("https://evil.example")).await;
        assert_eq!(text(&other, "access-control-allow-origin"), "");
        assert_eq!(
            (text(&named, "vary"), text(&other, "vary")),
            ("Origin", "Origin")
        );
    }

    #[actix_web::test]
    async fn a_page_from_our_own_host_may_read_the_answer_but_not_by_claiming_another_host() {
        let from = |origin| {
            TestRequest::get()
                .insert_header(("origin", origin))
                .insert_header(("authorization", "Bearer x"))
        };
        let own =
            answer(from("http://baton.example:8080").insert_header(("host", "baton.example:8080")))
                .await;
        assert_eq!(
            text(&own, "access-control-allow-origin"),
            "http://baton.example:8080"
        );
        let claimed = from("https://evil.example")
            .insert_header(("host", "baton.example"))
            .insert_header(("x-forwarded-host", "evil.example"));
        assert_eq!(
            text(&answer(claimed).await, "access-control-allow-origin"),
            ""
        );
    }

    #[actix_web::test]
    async fn an_error_before_the_key_is_known_can_be_read() {
        let response =
            answer(TestRequest::get().insert_header(("origin", "https://any.example"))).await;
        assert_eq!(response.status(), 401);
        assert_eq!(
            text(&response, "access-control-allow-origin"),
            "https://any.example"
        );
    }

    #[actix_web::test]
    async fn a_request_without_an_origin_gets_no_headers() {
        let response = answer(TestRequest::get()).await;
        assert_eq!(text(&response, "access-control-allow-origin"), "");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origins = AllowedOrigins(vec![
            "https://Shop.example/".to_owned(),
            "http://localhost:3000".to_owned(),
        ]);
        for allowed in [
            "https://shop.example",
            "https://SHOP.example:443",
            "http://localhost:3000",
            "https://api.example:8443",
        ] {
            assert!(origins.allows(allowed, "api.example:8443"), "{allowed}");
        }
        for refused in [
            "http://shop.example",
            "https://shop.example:444",
            "https://shop.example.evil",
            "https://a.shop.example",
            "null",
            "",
            "http://localhost",
        ] {
            assert!(!origins.allows(refused, "api.example:8443"), "{refused}");
        }
        assert!(AllowedOrigins(vec!["*".to_owned()]).allows("null", "api.example"));
    }
}
