//! JSON bodies.

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use utoipa::ToSchema;
use validator::Validate;

use super::depth::{MAX_DEPTH, is_too_deep};
use super::{body, rules};
use crate::api::problem::ApiError;
use crate::api::shape::Shape;
use crate::error::FieldError;

const SUPPORTED: &[&str] = &["application/json"];

/// A JSON body that fits the schema of `T` and passes its rules.
///
/// `LIMIT` is the most bytes it may have, for handlers that take more or less than the others:
/// `ValidJson<Batch, { 10 * 1024 * 1024 }>`; 0 leaves it to [`BodyLimit`](super::BodyLimit).
#[derive(Debug)]
pub struct ValidJson<T, const LIMIT: usize = 0> {
    /// The body.
    pub value: T,
    /// The body as it was sent, UTF-8.
    pub raw: Bytes,
}

impl<T, const LIMIT: usize> FromRequest for ValidJson<T, LIMIT>
where
    T: DeserializeOwned + ToSchema + Validate + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        async move {
            let raw = sent(req, payload, LIMIT).await?;
            let value = read_json(&raw)?;
            Ok(ValidJson { value, raw })
        }
        .boxed_local()
    }
}

/// The body as it was sent, of no more bytes than may be.
async fn sent(req: HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    body::check_type(&req, body::is_json, SUPPORTED)?;
    let limit = body::limit(&req, limit);
    Ok(without_mark(body::read(req, payload, limit).await?))
}

/// A JSON object whose fields can each be left out, read as far as it fits the schema of `T`: the handler adds what else is
/// wrong, so that a caller learns everything at once.
#[derive(Debug)]
pub struct PartJson<T> {
    /// The body, without the fields that do not fit.
    pub value: T,
    /// What is wrong with those.
    pub errors: Vec<FieldError>,
}

impl<T> FromRequest for PartJson<T>
where
    T: DeserializeOwned + ToSchema + Validate + 'static,
{
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        async move {
            let raw = sent(req, payload, 0).await?;
            let mut json = parse(&raw)?;
            let errors = Shape::of::<T>().check(&json);
            let Value::Object(fields) = &mut json else {
                return Err(ApiError::invalid(errors));
            };
            for error in &errors {
                let name = error.pointer.split('/').nth(1).unwrap_or_default();
                fields.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            let value = read_value(json, &raw)?;
            Ok(PartJson { value, errors })
        }
        .boxed_local()
    }
}

/// Reads and checks JSON that did not come as a body of its own, such as one that was kept.
///
/// # Errors
/// 400 when it is not JSON, 422 with every wrong field when it is not a right `T`.
pub fn read_json<T>(raw: &[u8]) -> Result<T, ApiError>
where
    T: DeserializeOwned + ToSchema + Validate + 'static,
{
    let json = parse(raw)?;
    let errors = Shape::of::<T>().check(&json);
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    read_value(json, raw)
}

/// Reads what fits the schema of `T`; `raw` tells where a type refuses it nevertheless.
fn read_value<T>(json: Value, raw: &[u8]) -> Result<T, ApiError>
where
    T: DeserializeOwned + Validate,
{
    let value: T = match T::deserialize(json) {
        Ok(value) => value,
        Err(_) => return Err(ApiError::invalid(vec![locate::<T>(raw)?])),
    };
    value
        .validate()
        .map_err(|errors| ApiError::invalid(rules::field_errors(&errors)))?;
    Ok(value)
}

/// The JSON in `raw`, not too deep and in UTF-8.
pub fn parse(raw: &[u8]) -> Result<Value, ApiError> {
    if is_too_deep(raw) {
        return Err(ApiError::too_deep(MAX_DEPTH));
    }
    let text = std::str::from_utf8(raw).map_err(|error| {
        ApiError::malformed_json(format!(
            "The body is not UTF-8: see byte {}.",
            error.valid_up_to()
        ))
    })?;
    if text.trim_ascii().is_empty() {
        return Err(ApiError::malformed_json("The body is empty; send JSON."));
    }
    let mut json =
        serde_json::from_str(text).map_err(|error| ApiError::malformed_json(place(&error)))?;
    write_whole(&mut json);
    Ok(json)
}

/// Writes `20.0` and `2e1` as `20`: JSON knows one kind of number, and to JSON Schema these are integers.
/// Some languages write every number with a fraction.
fn write_whole(json: &mut Value) {
    match json {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|_| number.is_f64()).and_then(whole) {
                *json = Value::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_whole),
        Value::Object(entries) => entries.values_mut().for_each(write_whole),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The whole number that is exactly this one.
fn whole(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number >= i64::MIN as f64 && number < i64::MAX as f64;
    fits.then_some(number as i64)
}

/// A body may begin with a byte order mark; it is no part of the JSON.
pub fn without_mark(raw: Bytes) -> Bytes {
    if raw.starts_with(b"\xef\xbb\xbf") {
        raw.slice(3..)
    } else {
        raw
    }
}

/// What is wrong and where. The parser's own words name no content, unless a type refused a value.
fn place(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Syntax | Category::Eof => format!("The JSON is malformed: {error}."),
        Category::Data | Category::Io => format!(
            "The JSON is malformed at line {} column {}.",
            error.line(),
            error.column()
        ),
    }
}

/// Reads again, to learn which field the type refused. Only done when it did.
fn locate<T: DeserializeOwned>(raw: &[u8]) -> Result<FieldError, ApiError> {
    let json = parse(raw)?;
    let refused = serde_path_to_error::deserialize::<_, T>(json).err();
    Ok(refused.map_or_else(
        || rules::refused("", ""),
        |error| rules::refused(&rules::pointer(error.path()), &error.inner().to_string()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::extract::{BodyLimit, BodyTimeout};
    use actix_web::http::header;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::{App, HttpResponse, web};
    use serde::Deserialize;
    use std::time::Duration;

    #[derive(Debug, Deserialize, ToSchema, Validate)]
    struct Capture {
        #[validate(email)]
        email: String,
        #[schema(max_length = 5)]
        name: Option<String>,
        small: Option<u8>,
        #[validate(nested)]
        consents: Option<Vec<Consent>>,
    }

    #[derive(Debug, Deserialize, ToSchema, Validate)]
    struct Consent {
        #[validate(length(min = 1, max = 3))]
        text: String,
    }

    fn problem(raw: &[u8]) -> (u16, Value) {
        let error = read_json::<Capture>(raw).unwrap_err();
        (
            error.problem().status,
            serde_json::to_value(error.problem()).unwrap(),
        )
    }

    fn wrong(raw: &str) -> Vec<String> {
        let (status, body) = problem(raw.as_bytes());
        assert_eq!(status, 422);
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| text(error, "pointer") + " " + &text(error, "code"))
            .collect()
    }

    #[test]
    fn a_right_body_is_read() {
        let capture: Capture =
            read_json(br#"{"email":"a@b.example","consents":[{"text":"yes"}]}"#).unwrap();
        assert_eq!(
            (capture.email.as_str(), capture.name, capture.small),
            ("a@b.example", None, None)
        );
        assert_eq!(capture.consents.unwrap()[0].text, "yes");
    }

    #[test]
    fn every_field_that_the_schema_refuses_is_reported() {
        assert_eq!(
            wrong(r#"{"name":"123456","emial":"x"}"#),
            ["/name too_long", "/emial unknown_field", "/email required"]
        );
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_or_exponent() {
        for raw in ["20.0", "2e1", "2.0E+1", "20"] {
            let body = format!(r#"{{"email":"a@b.example","small":{raw}}}"#);
            let capture: Capture = read_json(body.as_bytes()).unwrap();
            assert_eq!(capture.small, Some(20), "{raw}");
        }
        assert_eq!(
            wrong(r#"{"email":"a@b.example","small":20.5}"#),
            ["/small wrong_type"]
        );
        let kept = parse(b"[0.5, 1e300, -1.0, 9223372036854775807]").unwrap();
        assert_eq!(kept.to_string(), "[0.5,1e+300,-1,9223372036854775807]");
    }

    #[test]
    fn what_only_the_type_refuses_is_located_without_its_value() {
        assert_eq!(
            wrong(r#"{"email":"a@b.example","small":12345}"#),
            ["/small invalid_value"]
        );
        let (_, body) = problem(br#"{"email":"a@b.example","small":12345}"#);
        assert!(!body.to_string().contains("12345"), "{body}");
    }

    #[test]
    fn validator_rules_are_reported_with_pointers_and_without_values() {
        let raw = r#"{"email":"secret","consents":[{"text":"yes"},{"text":"toolong"}]}"#;
        assert_eq!(
            wrong(raw),
            ["/consents/1/text too_long", "/email invalid_format"]
        );
        let (_, body) = problem(raw.as_bytes());
        assert!(!body.to_string().contains("secret") && !body.to_string().contains("toolong"));
    }

    #[test]
    fn malformed_json_is_located_but_not_repeated() {
        let (status, body) = problem(b"{\n  \"email\": \"hunter2\",,\n}");
        assert_eq!(
            (status, body["code"].as_str().unwrap()),
            (400, "malformed_json")
        );
        let detail = body["detail"].as_str().unwrap();
        assert!(
            detail.contains("line 2") && !detail.contains("hunter2"),
            "{detail}"
        );
        for raw in [
            &b""[..],
            b"  ",
            b"{",
            b"nope",
            b"\"\xff\"",
            b"\"\\ud800\"",
            b"{} {}",
            b"[1e999]",
            b"{\"a\":01}",
        ] {
            assert_eq!(problem(raw).1["code"], "malformed_json", "{raw:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused_before_parsing() {
        assert_eq!(
            problem("[".repeat(100_000).as_bytes()).1["code"],
            "too_deep"
        );
    }

    async fn echo(body: ValidJson<Capture>) -> HttpResponse {
        HttpResponse::Ok().json(serde_json::json!({ "bytes": body.raw.len() }))
    }

    async fn small(_: ValidJson<Capture, 10>) -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    async fn post(request: TestRequest, uri: &str) -> (u16, Value) {
        let app = App::new()
            .app_data(BodyLimit(100))
            .app_data(BodyTimeout(Duration::from_millis(50)))
            .route("/echo", web::post().to(echo))
            .route("/small", web::post().to(small));
        let response = call_service(
            &init_service(app).await,
            request
                .method(actix_web::http::Method::POST)
                .uri(uri)
                .to_request(),
        )
        .await;
        (response.status().as_u16(), read_body_json(response).await)
    }

    fn typed(content_type: &str) -> TestRequest {
        TestRequest::post()
            .insert_header((header::CONTENT_TYPE, content_type))
            .set_payload(r#"{"email":"a@b.example"}"#)
    }

    #[actix_web::test]
    async fn json_and_its_relatives_in_utf8_are_taken() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/vnd.api+json",
        ] {
            assert_eq!(
                post(typed(content_type), "/echo").await,
                (200, serde_json::json!({"bytes": 23})),
                "{content_type}"
            );
        }
        let marked = typed("application/json").set_payload("\u{feff}{\"email\":\"a@b.example\"}");
        assert_eq!(
            post(marked, "/echo").await,
            (200, serde_json::json!({"bytes": 23}))
        );
    }

    #[actix_web::test]
    async fn other_types_and_compressed_bodies_are_refused() {
        for content_type in [
            "text/plain",
            "application/json; charset=utf-16",
            "text/json",
            "application/xml",
            "nonsense",
        ] {
            assert_eq!(
                post(typed(content_type), "/echo").await.0,
                415,
                "{content_type}"
            );
        }
        let (status, body) = post(TestRequest::post().set_payload("{}"), "/echo").await;
        assert_eq!(
            (status, body["detail"].as_str().unwrap()),
            (415, "Send the header `Content-Type: application/json`.")
        );
        assert_eq!(
            post(
                typed("application/json").insert_header(("content-encoding", "gzip")),
                "/echo"
            )
            .await
            .0,
            415
        );
        assert_eq!(
            post(
                typed("application/json").insert_header(("content-encoding", "identity")),
                "/echo"
            )
            .await
            .0,
            200
        );
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_of_the_app_or_the_handler_is_refused() {
        let large = format!(r#"{{"email":"a@b.example","name":"{}"}}"#, "x".repeat(100));
        let (status, body) = post(typed("application/json").set_payload(large), "/echo").await;
        assert_eq!(
            (status, body["code"].as_str().unwrap()),
            (413, "payload_too_large")
        );
        assert_eq!(post(typed("application/json"), "/small").await.0, 413);
    }

    #[actix_web::test]
    async fn a_body_that_drips_is_not_waited_for() {
        let pieces = futures_util::stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok(Bytes::from_static(b" ")), sent + 1))
        });
        let mut payload: Payload = Payload::Stream {
            payload: Box::pin(pieces),
        };
        let req = TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .app_data(BodyTimeout(Duration::from_millis(50)));
        let error = ValidJson::<Capture>::from_request(&req.to_http_request(), &mut payload)
            .await
            .unwrap_err();
        assert_eq!(
            (error.problem().status, error.problem().code.as_str()),
            (408, "slow_body")
        );
    }

    #[actix_web::test]
    async fn a_body_in_many_pieces_is_put_together() {
        let pieces = [&b"{\"email\":"[..], b"\"a@b", b".example\"}"]
            .map(|piece| Ok(Bytes::from_static(piece)));
        let mut payload: Payload = Payload::Stream {
            payload: Box::pin(futures_util::stream::iter(pieces)),
        };
        let req = TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .to_http_request();
        let read = ValidJson::<Capture>::from_request(&req, &mut payload)
            .await
            .unwrap();
        assert_eq!(
            (read.value.email.as_str(), read.raw.len()),
            ("a@b.example", 23)
        );
    }
}
