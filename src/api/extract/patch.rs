//! JSON merge patches (RFC 7396).

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::mime::Mime;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body;
use super::json::{parse, without_mark};
use crate::api::problem::ApiError;
use crate::api::shape::Shape;
use crate::error::FieldError;

const SUPPORTED: &[&str] = &["application/merge-patch+json", "application/json"];

/// Changes to a `T`: a field that is there is set, null deletes it, and arrays are replaced whole.
///
/// The fields are those of `T`'s schema, each of them optional and nullable.
#[derive(Debug)]
pub struct MergePatch<T, const LIMIT: usize = 0> {
    /// The fields to change.
    pub changes: Map<String, Value>,
    /// The body as it was sent, UTF-8.
    pub raw: Bytes,
    target: PhantomData<fn() -> T>,
}

impl<T, const LIMIT: usize> FromRequest for MergePatch<T, LIMIT>
where
    T: ToSchema + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        async move {
            body::check_type(&req, is_patch, SUPPORTED)?;
            let limit = body::limit(&req, LIMIT);
            let raw = without_mark(body::read(req, payload, limit).await?);
            let changes = read_patch::<T>(&raw)?;
            Ok(MergePatch {
                changes,
                raw,
                target: PhantomData,
            })
        }
        .boxed_local()
    }
}

/// Exactly the two types: another `+json` may be another kind of patch (RFC 6902).
fn is_patch(mime: &Mime) -> bool {
    SUPPORTED.contains(&mime.essence_str())
}

fn read_patch<T: ToSchema + 'static>(raw: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let json = parse(raw)?;
    let errors = Shape::of::<T>().check_patch(&json);
    match json {
        Value::Object(changes) if errors.is_empty() => Ok(changes),
        _ if errors.is_empty() => Err(ApiError::invalid(vec![FieldError::new(
            "",
            "wrong_type",
            "must be an object",
        )])),
        _ => Err(ApiError::invalid(errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use actix_web::test::TestRequest;

    #[derive(Debug, ToSchema)]
    #[allow(dead_code, reason = "only the schema is used")]
    struct Lead {
        #[schema(max_length = 5)]
        first_name: String,
        tags: Vec<String>,
    }

    async fn patch(content_type: &str, body: &'static str) -> Result<MergePatch<Lead>, ApiError> {
        let request = TestRequest::patch()
            .insert_header(("content-type", content_type))
            .set_payload(body);
        let (request, mut payload) = request.to_http_parts();
        MergePatch::from_request(&request, &mut payload).await
    }

    #[actix_web::test]
    async fn a_patch_sets_and_deletes_fields() {
        for content_type in ["application/merge-patch+json", "application/json"] {
            let patch = patch(content_type, r#"{"first_name":null,"tags":["a"]}"#)
                .await
                .unwrap();
            assert_eq!(
                Value::Object(patch.changes),
                serde_json::json!({"first_name": null, "tags": ["a"]})
            );
        }
    }

    #[actix_web::test]
    async fn a_patch_is_held_to_the_schema() {
        let error = patch("application/json", r#"{"first_name":"123456","tag":[]}"#)
            .await
            .unwrap_err();
        let codes: Vec<_> = error
            .problem()
            .errors
            .iter()
            .map(|error| error.code.as_str())
            .collect();
        assert_eq!(
            (error.problem().status, codes),
            (422, vec!["too_long", "unknown_field"])
        );
        assert_eq!(
            patch("application/json", "[]")
                .await
                .unwrap_err()
                .problem()
                .status,
            422
        );
        assert_eq!(
            patch("application/json", "null")
                .await
                .unwrap_err()
                .problem()
                .status,
            422
        );
    }

    #[actix_web::test]
    async fn another_kind_of_patch_is_refused_with_accept_patch() {
        let error = patch("application/json-patch+json", "[]")
            .await
            .unwrap_err();
        assert_eq!(error.problem().status, 415);
        assert!(
            error
                .error_response()
                .headers()
                .contains_key("accept-patch")
        );
    }
}
