//! Shapes of types as handlers declare them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Shape;

#[derive(ToSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Capture {
    #[schema(max_length = 10)]
    email: Option<String>,
    #[schema(min_length = 2, max_length = 4)]
    country: String,
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<i32>,
    score: Option<f64>,
    test: Option<bool>,
    submitted_at: Option<DateTime<Utc>>,
    owner_id: Option<Uuid>,
    #[schema(value_type = Option<Object>)]
    custom: Option<Value>,
    anything: Option<Value>,
    external_ids: Option<HashMap<String, String>>,
    #[schema(max_items = 2)]
    tags: Option<Vec<String>>,
    channel: Option<Channel>,
    consents: Option<Vec<Consent>>,
    parent: Option<Box<Consent>>,
    condition: Option<Condition>,
}

#[derive(ToSchema, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "only the schema is used")]
enum Channel {
    WebForm,
    Phone,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Consent {
    granted: bool,
    text: Option<String>,
}

#[derive(ToSchema, serde::Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[schema(no_recursion)]
#[allow(dead_code, reason = "only the schema is used")]
enum Condition {
    All { of: Vec<Condition> },
    Any { of: Vec<Condition> },
    Is { field: String },
}

#[derive(ToSchema, serde::Serialize)]
#[allow(dead_code, reason = "only the schema is used")]
struct Flat {
    #[serde(flatten)]
    consent: FlatPart,
    name: String,
}

#[derive(ToSchema, serde::Serialize)]
#[allow(dead_code, reason = "only the schema is used")]
struct FlatPart {
    granted: bool,
}

/// `pointer code` of each error.
fn errors(mut value: Value) -> Vec<String> {
    if value.get("country").is_none() {
        value["country"] = json!("DE");
    }
    Shape::of::<Capture>()
        .check(&value)
        .into_iter()
        .map(|error| format!("{} {}", error.pointer, error.code))
        .collect()
}

fn details(value: Value) -> String {
    Shape::of::<Capture>()
        .check(&value)
        .into_iter()
        .map(|error| error.detail)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[test]
fn a_right_request_has_no_errors() {
    assert_eq!(
        errors(json!({
            "email": "a@b.example"[..10], "limit": 500, "score": 1, "test": true, "submitted_at": "2026-03-06T17:50:00+01:00",
            "owner_id": "0198c0de-7a11-7000-8000-000000000001", "custom": {"plan": {"deep": [1]}}, "anything": [1, "a", null],
            "external_ids": {"hubspot": "101"}, "tags": ["a", "b"], "channel": "web_form",
            "consents": [{"granted": true, "text": null}], "parent": {"granted": false},
            "condition": {"op": "all", "of": [{"op": "any", "of": []}, {"op": "is", "field": "email"}]},
        })),
        Vec::<String>::new()
    );
}

#[test]
fn optional_fields_may_be_null_and_required_ones_may_not() {
    assert_eq!(
        errors(
            json!({"email": null, "channel": null, "parent": null, "custom": null, "tags": null})
        ),
        Vec::<String>::new()
    );
    assert_eq!(errors(json!({"country": null})), ["/country wrong_type"]);
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let found = errors(json!({
        "emial": "x", "email": "12345678901", "country": "D", "limit": 501, "score": "1", "test": 0, "submitted_at": "2026-03-06",
        "owner_id": "42", "custom": [], "external_ids": {"hubspot": 101}, "tags": ["a", 1], "channel": "fax",
        "consents": [{"granted": true}, {"text": "a", "more/less": 1}],
    }));
    assert_eq!(
        found,
        [
            "/emial unknown_field",
            "/email too_long",
            "/country too_short",
            "/limit out_of_range",
            "/score wrong_type",
            "/test wrong_type",
            "/submitted_at invalid_format",
            "/owner_id invalid_format",
            "/custom wrong_type",
            "/external_ids/hubspot wrong_type",
            "/tags/1 wrong_type",
            "/channel not_allowed",
            "/consents/1/more~1less unknown_field",
            "/consents/1/granted required",
        ]
    );
}

#[test]
fn errors_name_the_remedy_and_never_the_value() {
    assert_eq!(
        details(json!({"country": "DE", "emial": "secret"})),
        "unknown field `emial`; did you mean `email`?"
    );
    assert_eq!(
        details(json!({"country": "DE", "channel": "secret"})),
        "must be one of `web_form`, `phone`"
    );
    assert_eq!(
        details(json!({"country": "DE", "limit": 0})),
        "must be at least 1 and at most 500"
    );
    assert_eq!(
        details(json!({"country": "secret"})),
        "must have at most 4 characters"
    );
}

#[test]
fn a_missing_required_field_is_named() {
    assert_eq!(details(json!({})), "the field `country` is required");
    assert_eq!(Shape::of::<Capture>().check(&json!([]))[0].pointer, "");
}

#[test]
fn lengths_count_characters_not_bytes() {
    assert_eq!(errors(json!({"email": "ääääääääää"})), Vec::<String>::new());
    assert_eq!(errors(json!({"email": "äääääääääää"})), ["/email too_long"]);
}

#[test]
fn a_fraction_is_no_whole_number_and_a_large_one_is_out_of_range() {
    assert_eq!(errors(json!({"limit": 1.5})), ["/limit wrong_type"]);
    assert_eq!(errors(json!({"limit": u64::MAX})), ["/limit out_of_range"]);
}

#[test]
fn a_tagged_choice_is_checked_as_the_variant_that_its_tag_names() {
    assert_eq!(
        errors(json!({"condition": {"op": "is", "field": 1}})),
        ["/condition/field wrong_type"]
    );
    assert_eq!(
        errors(json!({"condition": {"op": "all", "of": [{"op": "is"}]}})),
        ["/condition/of/0/field required"]
    );
    assert_eq!(
        errors(json!({"condition": {"op": "none"}})),
        ["/condition/op not_allowed"]
    );
    assert_eq!(errors(json!({"condition": 1})), ["/condition wrong_type"]);
}

#[test]
fn deep_choices_do_not_multiply_the_work() {
    let mut condition = json!({"op": "is"});
    for _ in 0..28 {
        condition = json!({"op": "any", "of": [condition]});
    }
    assert_eq!(errors(json!({"condition": condition})).len(), 1);
}

#[test]
fn flattened_fields_belong_to_the_object() {
    let shape = Shape::of::<Flat>();
    assert_eq!(shape.check(&json!({"granted": true, "name": "a"})), []);
    let codes: Vec<_> = shape
        .check(&json!({"other": true}))
        .into_iter()
        .map(|error| error.code)
        .collect();
    assert_eq!(codes, ["unknown_field", "required", "required"]);
}

#[test]
fn a_patch_may_leave_out_or_null_any_field_but_not_invent_one() {
    let pointers = |value| {
        Shape::of::<Capture>()
            .check_patch(&value)
            .into_iter()
            .map(|error| error.pointer)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        pointers(
            json!({"country": null, "parent": {"granted": null}, "external_ids": {"hubspot": null}})
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        pointers(json!({"contry": null, "limit": 0})),
        ["/contry", "/limit"]
    );
    assert_eq!(
        pointers(json!({"consents": [{"text": "a"}]})),
        ["/consents/0/granted"]
    );
    assert_eq!(pointers(json!([])), [""]);
}

#[test]
fn the_number_of_errors_is_bounded() {
    let many: serde_json::Map<String, Value> = (0..5000)
        .map(|n| (format!("field_{n}"), json!(1)))
        .collect();
    assert_eq!(errors(Value::Object(many)).len(), super::MAX_ERRORS);
}

#[test]
fn a_long_name_is_cut_before_it_is_repeated() {
    let name = "x".repeat(1000);
    let error = &Shape::of::<Capture>().check(&json!({"country": "DE", name: 1}))[0];
    assert!(error.pointer.len() < 70 && error.detail.len() < 100);
}
