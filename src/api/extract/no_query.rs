//! Query strings of operations that have no parameters.

use std::collections::HashSet;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn};

use super::query;
use crate::api::problem::ApiError;

/// The operations under `/v1` that have no query parameters, by method and path: what they are sent would be ignored, and a
/// list that ignores a filter looks like one that has applied it.
pub struct WithoutParameters(HashSet<(Method, String)>);

impl WithoutParameters {
    /// Those of the finished OpenAPI document.
    pub fn of(api: &OpenApi) -> Self {
        let mut found = HashSet::new();
        for (path, item) in &api.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
                (Method::PATCH, &item.patch),
            ] {
                let has_none = operation.as_ref().is_some_and(|one| !has_parameters(one));
                if has_none && path.starts_with("/v1/") {
                    found.insert((method, path.clone()));
                }
            }
        }
        WithoutParameters(found)
    }

    fn has(&self, request: &ServiceRequest) -> bool {
        let path = request.match_pattern();
        path.is_some_and(|path| self.0.contains(&(request.method().clone(), path)))
    }
}

fn has_parameters(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| match parameter {
        utoipa::openapi::RefOr::T(own) => own.parameter_in == ParameterIn::Query,
        utoipa::openapi::RefOr::Ref(_) => true,
    })
}

/// Middleware, inside of who may call: refuses parameters that nobody would read, as [`ValidQuery`](super::ValidQuery) does
/// those that it does not know.
pub async fn refuse_parameters(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let without = request.app_data::<web::Data<WithoutParameters>>();
    if !request.query_string().is_empty() && without.is_some_and(|without| without.has(&request)) {
        let unknown = query::unknown(request.query_string());
        if !unknown.is_empty() {
            let refusal = ApiError::invalid(unknown);
            return Ok(request.error_response(refusal).map_into_right_body());
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}
