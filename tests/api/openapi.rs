//! The OpenAPI document: what is committed, served and enforced is the same.

use crate::support::TestApp;
use baton::api::permissions::{Needs, TABLE};
use baton::domain::event::EventType;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const COMMITTED: &str = include_str!("../../openapi/baton.json");

fn document() -> Value {
    serde_json::from_str(&text()).unwrap()
}

fn text() -> String {
    baton::api::openapi::text(&baton::app::openapi_document()).unwrap()
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn the_committed_document_is_that_of_the_handlers() {
    assert!(
        COMMITTED == text(),
        "openapi/baton.json is not what the handlers say; write it anew: cargo run -- openapi > openapi/baton.json"
    );
}

#[test]
fn the_service_serves_it() {
    let app = TestApp::start();
    let served = app.stranger().get("/openapi.json");
    assert_eq!(served.status, 200);
    assert_eq!(served.json(), document());
}

#[test]
fn every_operation_says_what_a_client_generator_needs() {
    let document = document();
    let (mut ids, operations) = (BTreeSet::new(), operations(&document));
    for (method, path, operation) in &operations {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str();
        assert!(
            ids.insert(id.unwrap_or_else(|| panic!("{what} has no operationId"))),
            "{what}"
        );
        for text in ["summary", "description"] {
            let given = operation.get(text).and_then(Value::as_str);
            assert!(
                text == "description" || given.is_some_and(|text| !text.is_empty()),
                "{what}: {text}"
            );
        }
        let tag = &operation["tags"][0];
        let tags = document["tags"].as_array().unwrap();
        assert!(
            tags.iter().any(|known| known["name"] == *tag),
            "{what}: {tag}"
        );
        if !path.starts_with("/v1") {
            continue;
        }
        for status in ["401", "403", "422", "429", "500", "503"] {
            let answer = operation["responses"][status]["$ref"].as_str();
            let name = answer.and_then(|path| path.strip_prefix("#/components/responses/"));
            let name = name.unwrap_or_else(|| panic!("{what} does not answer {status}"));
            let content = &document["components"]["responses"][name]["content"];
            assert!(
                content["application/problem+json"]["examples"].is_object(),
                "{name}"
            );
        }
    }
}

#[test]
fn what_an_operation_needs_is_what_requests_are_checked_against() {
    let document = document();
    let documented: BTreeSet<(String, String, String)> = operations(&document)
        .into_iter()
        .filter(|(_, path, _)| path.starts_with("/v1"))
        .map(|(method, path, operation)| (method, path, operation["security"].to_string()))
        .collect();
    let checked: BTreeSet<(String, String, String)> = TABLE
        .iter()
        .map(|(method, path, needs)| {
            let security = match needs {
                Needs::Nothing => json!([]),
                Needs::Person => json!([{"access_token": []}]),
                Needs::Caller => json!([{"api_key": []}, {"access_token": []}]),
                Needs::Scope(_) | Needs::Both(_) => {
                    json!([{"api_key": needs.scope_names()}, {"access_token": []}])
                }
            };
            let security = security.to_string();
            ((*method).to_owned(), (*path).to_owned(), security)
        })
        .collect();
    assert_eq!(documented, checked);
}

#[test]
fn a_default_that_says_nothing_is_left_out() {
    let schemas = &document()["components"]["schemas"];
    walk(schemas, "", &mut |object, at| {
        assert!(object.get("default") != Some(&Value::Null), "{at}");
    });
}

/// Calls `look` with every object of the document and where it is.
fn walk(value: &Value, at: &str, look: &mut impl FnMut(&serde_json::Map<String, Value>, &str)) {
    match value {
        Value::Object(entries) => {
            look(entries, at);
            for (name, value) in entries {
                walk(value, &format!("{at}/{name}"), look);
            }
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, at, look)),
        _ => {}
    }
}

/// The schemas of bodies and, by name, those that they are made of.
fn schemas_of_bodies(document: &Value) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for (method, path, operation) in operations(document) {
        let contents = operation["requestBody"]["content"].as_object();
        for (media_type, content) in contents.into_iter().flatten() {
            let at = format!("{method} {path} {media_type}");
            found.push((at, content["schema"].clone()));
        }
    }
    let mut next = 0;
    while let Some((_, schema)) = found.get(next).cloned() {
        walk(&schema, "", &mut |object, _| {
            let reference = object.get("$ref").and_then(Value::as_str);
            let Some(reference) = reference.map(str::to_owned) else {
                return;
            };
            if found.iter().all(|(at, _)| *at != reference) {
                let target = document.pointer(&reference[1..]).cloned();
                found.push((reference, target.unwrap_or_default()));
            }
        });
        next += 1;
    }
    found
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    walk(&document, "", &mut |object, at| {
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let found = document.pointer(&reference[1..]);
            assert!(
                found.is_some(),
                "{at}: {reference}; an enum in a query needs #[param(inline)]"
            );
        }
    });
}

#[test]
fn a_body_has_no_fields_but_those_that_the_document_names() {
    for (at, schema) in schemas_of_bodies(&document()) {
        walk(&schema, &at, &mut |object, at| {
            assert!(
                !object.contains_key("allOf"),
                "{at}: parts of one object that cannot be put together"
            );
            // What lists the fields may itself have one that is called `properties`.
            let is_schema = !object.get("type").is_none_or(Value::is_object);
            let names_fields = is_schema && object.get("properties").is_some_and(Value::is_object);
            assert!(
                !names_fields || object.contains_key("additionalProperties"),
                "{at}"
            );
        });
    }
}

#[test]
fn an_object_says_what_it_may_hold() {
    walk(
        &document()["components"]["schemas"],
        "",
        &mut |object, at| {
            let types = object.get("type");
            let is_object =
                types == Some(&json!("object")) || types == Some(&json!(["object", "null"]));
            let says = ["properties", "additionalProperties"];
            assert!(
                !is_object || says.iter().any(|name| object.contains_key(*name)),
                "{at}"
            );
        },
    );
}

#[test]
fn a_parameter_may_be_left_out_but_is_never_null() {
    for (method, path, operation) in operations(&document()) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let types = parameter["schema"]["type"].as_array();
            let is_nullable = types.is_some_and(|types| types.contains(&json!("null")));
            assert!(!is_nullable, "{method} {path} {}", parameter["name"]);
        }
    }
}

#[test]
fn a_change_to_a_lead_is_documented_as_it_is_answered() {
    let document = document();
    let change = &document["components"]["schemas"]["Change"];
    for name in ["old", "new"] {
        let value = &change["properties"][name];
        assert!(value.get("type").is_none(), "any value: {value}");
        let required = change["required"].as_array().unwrap();
        assert!(required.contains(&json!(name)), "{name}");
    }
}

#[test]
fn what_many_operations_read_in_one_way_has_one_form() {
    let form = |name: &str| {
        let mut forms: Vec<Value> = Vec::new();
        for (_, _, operation) in operations(&document()) {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            forms.extend(
                parameters
                    .filter(|parameter| parameter["name"] == name)
                    .map(|parameter| parameter["schema"]["pattern"].clone()),
            );
        }
        forms.dedup();
        assert_eq!(forms.len(), 1, "{name}: {forms:?}");
        regex::Regex::new(forms[0].as_str().unwrap()).unwrap()
    };
    let app = TestApp::start();
    let etag = app.get("/v1/workspace").header("ETag").unwrap().to_owned();
    assert!(form("If-Match").is_match(&etag) && form("If-Match").is_match("*"));
    assert!(!form("If-Match").is_match("null"));
    for email in ["a@example.com", "b@example.com"] {
        app.capture(json!({"email": email}));
    }
    let page = app.get("/v1/leads?limit=1").json();
    assert!(form("cursor").is_match(page["next_cursor"].as_str().unwrap()));
    assert!(form("Idempotency-Key").is_match("0198c0de-7a11-7000-8000-000000000001"));
}

#[test]
fn the_document_says_how_rules_conditions_and_events_are_written() {
    let app = TestApp::start();
    let document: Value = app.stranger().get("/openapi.json").json();
    let write = &document["paths"]["/v1/rules"]["post"]["requestBody"]["content"];
    let examples = write["application/json"]["examples"].as_object().unwrap();
    for kind in [
        "pool",
        "routing_policy",
        "sla_policy",
        "framework",
        "scoring_model",
    ] {
        let example = &examples[kind]["value"];
        assert_eq!(example["kind"], kind);
        let written = app.post("/v1/rules", example.clone());
        assert_eq!(written.status, 201, "{kind} {}", written.text());
    }
    let condition = &document["components"]["schemas"]["Condition"];
    assert_eq!(condition["examples"].as_array().unwrap().len(), 4);
    let schemas = document["components"]["schemas"].to_string();
    assert!(schemas.matches("#/components/schemas/Condition\"").count() >= 8);
    let feed = document["paths"]["/v1/changes"]["get"]["description"].to_string();
    for kind in EventType::ALL {
        let without = [
            "lead.created",
            "lead.updated",
            "lead.touched",
            "lead.deleted",
            "lead.restored",
        ];
        let is_named = feed.contains(&format!("`{}`", kind.as_str()));
        assert_eq!(
            is_named,
            !without.contains(&kind.as_str()),
            "{}",
            kind.as_str()
        );
    }
}
