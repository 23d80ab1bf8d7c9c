//! The usual error answers in the OpenAPI document, in one word a handler:
//! `responses((status = 200, …), ReadProblems)`.
//!
//! They stand in the document once, as components; operations refer to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::IntoResponses;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::{PROBLEM_JSON, ProblemKind};

/// What any operation may answer.
pub struct ReadProblems;

/// What an operation with a body may answer besides.
pub struct WriteProblems;

const READ: &[ProblemKind] = &[
    ProblemKind::BadRequest,
    ProblemKind::Unauthorized,
    ProblemKind::Forbidden,
    ProblemKind::NotFound,
    ProblemKind::ValidationFailed,
    ProblemKind::QueryTooSlow,
    ProblemKind::RateLimited,
    ProblemKind::InternalError,
    ProblemKind::Overloaded,
    ProblemKind::Unavailable,
];

const WRITE: &[ProblemKind] = &[
    ProblemKind::BadRequest,
    ProblemKind::MalformedJson,
    ProblemKind::TooDeep,
    ProblemKind::Unauthorized,
    ProblemKind::Forbidden,
    ProblemKind::NotFound,
    ProblemKind::SlowBody,
    ProblemKind::IdentityTaken,
    ProblemKind::ValueTaken,
    ProblemKind::LeadNotVisible,
    ProblemKind::IdempotencyKeyInUse,
    ProblemKind::PreconditionFailed,
    ProblemKind::PayloadTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::ValidationFailed,
    ProblemKind::IdempotencyKeyReused,
    ProblemKind::RateLimited,
    ProblemKind::InternalError,
    ProblemKind::Overloaded,
    ProblemKind::Unavailable,
];

/// What an operation of a lead may answer besides.
const MOVED: &[ProblemKind] = &[ProblemKind::LeadMerged];

/// The answer of an operation of a lead that became a part of another.
pub fn moved() -> BTreeMap<String, RefOr<Response>> {
    references(MOVED)
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(READ)
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(WRITE)
    }
}

/// The answers that operations refer to, by the name of their component.
pub fn components() -> BTreeMap<String, RefOr<Response>> {
    let sets = [by_status(READ), by_status(WRITE), by_status(MOVED)];
    let answers = sets.iter().flat_map(BTreeMap::values);
    answers
        .map(|kinds| (name(kinds), RefOr::T(response(kinds))))
        .collect()
}

fn references(kinds: &[ProblemKind]) -> BTreeMap<String, RefOr<Response>> {
    let refer = |(status, kinds): (String, Vec<ProblemKind>)| {
        let reference = Ref::from_response_name(name(&kinds));
        (status, RefOr::Ref(reference))
    };
    by_status(kinds).into_iter().map(refer).collect()
}

/// Kinds that share a status share an answer, with an example for each.
fn by_status(kinds: &[ProblemKind]) -> BTreeMap<String, Vec<ProblemKind>> {
    let mut by_status: BTreeMap<String, Vec<ProblemKind>> = BTreeMap::new();
    for kind in kinds {
        let status = kind.status().as_str().to_owned();
        by_status.entry(status).or_default().push(*kind);
    }
    by_status
}

/// The status in words; with `OfWrite` where writes have kinds that reads have not.
fn name(kinds: &[ProblemKind]) -> String {
    let words = kinds
        .first()
        .and_then(|kind| kind.status().canonical_reason());
    let of_write = kinds.iter().any(|kind| !READ.contains(kind))
        && kinds.iter().any(|kind| READ.contains(kind));
    let suffix = if of_write { "OfWrite" } else { "" };
    format!("{}{suffix}", words.unwrap_or("Error").replace(' ', ""))
}

fn response(kinds: &[ProblemKind]) -> Response {
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
    let examples = kinds.iter().map(|kind| {
        let example = ExampleBuilder::new()
            .summary(kind.title())
            .value(Some(example(*kind)))
            .build();
        (kind.code(), RefOr::T(example))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(titles.join("; "))
        .content(PROBLEM_JSON, content);
    if kinds
        .iter()
        .any(|kind| retry_after_seconds(*kind).is_some())
    {
        response = response.header(
            "Retry-After",
            header(Type::Integer, "When to try again, in seconds."),
        );
    }
    if kinds.contains(&ProblemKind::LeadMerged) {
        response = response.header(
            "Location",
            header(
                Type::String,
                "The same request, of the lead it became a part of.",
            ),
        );
    }
    if kinds.contains(&ProblemKind::Unauthorized) {
        response = response.header(
            "WWW-Authenticate",
            header(Type::String, "How to authenticate: `Bearer`."),
        );
    }
    response.build()
}

fn header(schema_type: Type, description: &str) -> utoipa::openapi::Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(schema_type).build()))
        .description(Some(description))
        .build()
}

fn retry_after_seconds(kind: ProblemKind) -> Option<u32> {
    match kind {
        ProblemKind::RateLimited => Some(7),
        ProblemKind::Overloaded | ProblemKind::IdempotencyKeyInUse => Some(1),
        ProblemKind::Unavailable => Some(5),
        _ => None,
    }
}

fn example(kind: ProblemKind) -> Value {
    let mut example = json!({
        "type": kind.type_uri(), "title": kind.title(), "status": kind.status().as_u16(), "code": kind.code(),
        "detail": kind.title(), "request_id": "0198c0de-7a11-7000-8000-000000000001",
    });
    if kind == ProblemKind::ValidationFailed {
        example["errors"] = json!([
            {"pointer": "/emial", "code": "unknown_field", "detail": "unknown field `emial`; did you mean `email`?"}
        ]);
    }
    if matches!(
        kind,
        ProblemKind::IdentityTaken | ProblemKind::ValueTaken | ProblemKind::LeadMerged
    ) {
        example["lead_id"] = json!("0198c0de-7a11-7000-8000-00000000000a");
    }
    if let Some(seconds) = retry_after_seconds(kind) {
        example["retry_after_seconds"] = json!(seconds);
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_document_what_reads_do_and_the_answers_to_a_body() {
        let statuses =
            |map: BTreeMap<String, RefOr<Response>>| map.into_keys().collect::<Vec<_>>().join(" ");
        assert_eq!(
            statuses(ReadProblems::responses()),
            "400 401 403 404 422 429 500 503"
        );
        assert_eq!(
            statuses(WriteProblems::responses()),
            "400 401 403 404 408 409 412 413 415 422 429 500 503"
        );
    }

    #[test]
    fn every_documented_answer_is_a_problem_with_an_example() {
        let components = serde_json::to_value(components()).unwrap();
        for set in [ReadProblems::responses(), WriteProblems::responses()] {
            for (status, reference) in set {
                let reference = serde_json::to_value(reference).unwrap();
                let path = reference["$ref"].as_str().unwrap();
                let name = path.strip_prefix("#/components/responses/").unwrap();
                let content = &components[name]["content"]["application/problem+json"];
                assert_eq!(
                    content["schema"]["$ref"], "#/components/schemas/Problem",
                    "{name}"
                );
                let examples = content["examples"].as_object().unwrap();
                assert!(
                    examples
                        .values()
                        .all(|example| example["value"]["status"].as_u64() == status.parse().ok())
                );
            }
        }
        let has = |name: &str, header: &str| components[name]["headers"].get(header).is_some();
        assert!(has("ServiceUnavailable", "Retry-After"));
        assert!(has("Unauthorized", "WWW-Authenticate"));
    }
}
