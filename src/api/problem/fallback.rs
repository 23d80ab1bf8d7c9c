//! Problems for what no handler of ours answers: unknown paths, wrong methods, actix's own errors.

use actix_web::body::{BodySize, EitherBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi, Paths};

use super::api_error::method_list;
use super::{ApiError, Problem, ProblemKind};
use crate::error::FieldError;

/// Which methods each documented path has.
///
/// Handlers registered by macro guard their whole resource, so that for actix a wrong method is
/// an unknown path. With this table [`unmatched`] tells the two apart.
pub struct KnownPaths(Vec<(ResourceDef, Vec<Method>)>);

impl KnownPaths {
    /// The paths of the finished OpenAPI document.
    pub fn new(api: &OpenApi) -> Self {
        let Paths { paths, .. } = &api.paths;
        KnownPaths(
            paths
                .iter()
                .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
                .collect(),
        )
    }

    /// The methods of this path, in the order of the document; empty when there is no such path.
    fn allowed(&self, path: &str) -> Vec<Method> {
        let is_match = |(pattern, _): &&(ResourceDef, Vec<Method>)| pattern.is_match(path);
        // A path that is named as it is, such as /v1/leads/bulk, is not one with that word as an id.
        let named = |(pattern, _): &&(ResourceDef, Vec<Method>)| pattern.pattern() == Some(path);
        let is_named = self.0.iter().any(|known| named(&known));
        let matching = self.0.iter().filter(|known| {
            if is_named {
                named(known)
            } else {
                is_match(known)
            }
        });
        let mut allowed: Vec<Method> = Vec::new();
        for method in matching.flat_map(|(_, methods)| methods) {
            if !allowed.contains(method) {
                allowed.push(method.clone());
            }
        }
        allowed
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, item.get.is_some()),
        (Method::HEAD, item.head.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::PATCH, item.patch.is_some()),
        (Method::DELETE, item.delete.is_some()),
        (Method::OPTIONS, item.options.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, known)| known.then_some(method))
    .collect()
}

/// The default service: 405 with `Allow` when the path is known, otherwise 404.
/// `OPTIONS` on a known path is answered with its methods.
pub async fn unmatched(req: HttpRequest) -> Result<HttpResponse, ApiError> {
    let allowed = req
        .app_data::<web::Data<KnownPaths>>()
        .map(|known| known.allowed(req.path()))
        .unwrap_or_default();
    if allowed.is_empty() {
        return Err(ApiError::no_such_path());
    }
    if req.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent()
            .insert_header((header::ALLOW, method_list(&allowed)))
            .finish());
    }
    Err(ApiError::method_not_allowed(&allowed))
}

/// A path whose id cannot be read, such as one that is not a UUID, is answered like one that is not there.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_, _| {
        ApiError::new(
            ProblemKind::NotFound,
            "There is nothing with this id: it is not well formed.",
        )
        .into()
    })
}

/// For `web::Query`, where `ValidQuery` is not used.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_, _| {
        let error = FieldError::new("?", "wrong_type", "the query parameters cannot be read");
        ApiError::invalid(vec![error]).into()
    })
}

/// Middleware: turns bare errors, empty or plain text as actix makes them, into problems.
/// Error pages in HTML and errors in JSON stay as they are.
pub async fn fill_bare_errors(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let response = next.call(req).await?;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || !is_bare(response.headers(), response.response().body().size()) {
        return Ok(response.map_into_left_body());
    }
    let (req, bare) = response.into_parts();
    let problem = Problem {
        status: status.as_u16(),
        ..Problem::new(ProblemKind::of_status(status), reason(status))
    };
    let mut filled = ApiError::from(problem).error_response();
    for (name, value) in bare.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            filled.headers_mut().insert(name.clone(), value.clone());
        }
    }
    Ok(ServiceResponse::new(req, filled).map_into_right_body())
}

fn is_bare(headers: &HeaderMap, size: BodySize) -> bool {
    let plain = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    plain || matches!(size, BodySize::None | BodySize::Sized(0))
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("The request failed.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, get, patch};
    use serde_json::Value;
    use utoipa::OpenApi as _;
    use utoipa_actix_web::AppExt;
    use uuid::Uuid;

    use crate::api::problem::{ReadProblems, WriteProblems};

    #[derive(utoipa::OpenApi)]
    #[openapi(components(schemas(Problem)))]
    struct Doc;

    #[utoipa::path(responses((status = 200, description = "Found"), ReadProblems))]
    #[get("/leads/{id}")]
    async fn get_lead(id: web::Path<Uuid>) -> HttpResponse {
        HttpResponse::Ok().body(id.to_string())
    }

    #[utoipa::path(responses((status = 200, description = "Changed"), WriteProblems))]
    #[patch("/leads/{id}")]
    async fn patch_lead(_id: web::Path<Uuid>) -> Result<HttpResponse, ApiError> {
        Err(ApiError::precondition_failed("no"))
    }

    async fn answer(request: TestRequest) -> (u16, String, Value) {
        let (app, api) = App::new()
            .into_utoipa_app()
            .openapi(Doc::openapi())
            .service(
                utoipa_actix_web::scope("/v1")
                    .service(get_lead)
                    .service(patch_lead),
            )
            .split_for_parts();
        let app = app
            .app_data(web::Data::new(KnownPaths::new(&api)))
            .app_data(path_config())
            .route(
                "/bare",
                web::get().to(async || {
                    HttpResponse::BadGateway()
                        .insert_header(("x-kept", "1"))
                        .finish()
                }),
            )
            .default_service(web::to(unmatched))
            .wrap(from_fn(fill_bare_errors));
        let app = init_service(app).await;
        let response = call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let allow = response
            .headers()
            .get("allow")
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default();
        (
            status,
            allow,
            if status == 204 || status == 200 {
                Value::Null
            } else {
                read_body_json(response).await
            },
        )
    }

    #[actix_web::test]
    async fn an_unknown_path_is_404() {
        let (status, _, body) = answer(TestRequest::get().uri("/v1/nothing")).await;
        assert_eq!((status, body["code"].as_str().unwrap()), (404, "not_found"));
    }

    #[actix_web::test]
    async fn a_wrong_method_is_405_and_names_the_right_ones() {
        let (status, allow, body) = answer(TestRequest::post().uri("/v1/leads/1")).await;
        assert_eq!((status, allow.as_str()), (405, "GET, PATCH"));
        assert_eq!(body["code"], "method_not_allowed");
        let (status, allow, _) = answer(
            TestRequest::default()
                .method(Method::OPTIONS)
                .uri("/v1/leads/1"),
        )
        .await;
        assert_eq!((status, allow.as_str()), (204, "GET, PATCH"));
    }

    #[actix_web::test]
    async fn an_id_that_is_not_a_uuid_is_answered_like_a_missing_one() {
        let (status, _, body) = answer(TestRequest::get().uri("/v1/leads/42")).await;
        assert_eq!((status, body["code"].as_str().unwrap()), (404, "not_found"));
        let (status, ..) =
            answer(TestRequest::get().uri("/v1/leads/0198c0de-7a11-7000-8000-000000000001")).await;
        assert_eq!(status, 200);
    }

    #[actix_web::test]
    async fn a_bare_error_becomes_a_problem_and_a_problem_stays() {
        let (status, _, body) = answer(TestRequest::get().uri("/bare")).await;
        assert_eq!(
            (
                status,
                body["status"].as_u64().unwrap(),
                body["code"].as_str().unwrap()
            ),
            (502, 502, "internal_error")
        );
        let (status, _, body) =
            answer(TestRequest::patch().uri("/v1/leads/0198c0de-7a11-7000-8000-000000000001"))
                .await;
        assert_eq!((status, body["detail"].as_str().unwrap()), (412, "no"));
    }
}
